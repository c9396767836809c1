import type { KeyObject } from 'node:crypto';
import { encryptMessageAsConnect } from '../../src/internal.ts';

/**
 * Encrypts an input as Amazon Connect does, with the same suite, framing, provider id and RSA-OAEP parameters.
 *
 * @param keyId the id of the security key
 * @param publicKey the RSA key of the flow's certificate
 * @returns an AWS Encryption SDK message, in base64
 */
export async function encryptAsConnect(input: string, keyId: string, publicKey: KeyObject): Promise<string> {
  const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
  const algorithm = { name: 'RSA-OAEP', hash: 'SHA-512' };
  const wrappingKey = await crypto.subtle.importKey('spki', spki, algorithm, false, ['wrapKey']);
  const recipient = { providerId: 'AmazonConnect', keyName: keyId, publicKey: wrappingKey };
  const message = await encryptMessageAsConnect(new TextEncoder().encode(input), recipient);
  return Buffer.from(message).toString('base64');
}
