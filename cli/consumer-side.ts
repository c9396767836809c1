import { createPrivateKey, type KeyObject } from 'node:crypto';
import { compactDecrypt } from 'jose/jwe/compact/decrypt';
import { type Consumer, createDecryptor, FlowKeysError, relayProviderId } from '../src/index.ts';

/** What a consumer decrypts. */
export interface Opened {
  readonly plaintext: string;
  readonly field: string | undefined;
  readonly consumer: string | undefined;
}

/**
 * Decrypts as a consumer does.
 *
 * @param privateKey PEM text, or a JWK
 * @throws FlowKeysError `decryption_failed`, `invalid_private_key`
 */
export async function openForConsumer(consumer: Consumer, privateKey: string, ciphertext: string): Promise<Opened> {
  const key = readPrivateKey(privateKey);
  return consumer.format === 'jwe' ? openJwe(key, ciphertext) : openMessage(consumer, key, ciphertext);
}

async function openMessage({ name }: Consumer, key: KeyObject, ciphertext: string): Promise<Opened> {
  const pem = key.export({ type: 'pkcs8', format: 'pem' }).toString();
  const keyStore = { privateKeys: async () => [pem] };
  const decryptor = createDecryptor({ keyStore, providerId: relayProviderId });
  const { plaintext, encryptionContext } = await decryptor.decrypt(ciphertext, { keyId: name });
  return {
    plaintext: new TextDecoder().decode(plaintext),
    field: encryptionContext['field'],
    consumer: encryptionContext['consumer'],
  };
}

async function openJwe(key: KeyObject, ciphertext: string): Promise<Opened> {
  try {
    const { plaintext, protectedHeader } = await compactDecrypt(ciphertext, key);
    const { 'urn:flow-security-keys:field': field, 'urn:flow-security-keys:consumer': consumer } = protectedHeader;
    return { plaintext: new TextDecoder().decode(plaintext), field: textOf(field), consumer: textOf(consumer) };
  } catch (error) {
    throw new FlowKeysError(
      'decryption_failed',
      "The private key does not decrypt it: it does not belong to the consumer's public key.",
      { cause: error },
    );
  }
}

function readPrivateKey(text: string): KeyObject {
  try {
    return text.trimStart().startsWith('{')
      ? createPrivateKey({ key: JSON.parse(text), format: 'jwk' })
      : createPrivateKey(text);
  } catch {
    // Its message may quote the key.
    throw new FlowKeysError('invalid_private_key', 'The file must hold an unencrypted private key, as PEM or JWK.');
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
