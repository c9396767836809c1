import { createDecryptor, inspect } from '../../src/index.ts';
import { encryptMessageAsConnect } from '../../src/internal.ts';
import { awsKeyStore } from '../stores/from-environment.ts';

// A public key without a private key.
const publicKey =
  'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAhCeNQVzrWAHmz/OnI6ymxHHcaAjzrAMOXD66PAHXC4lhZgw75TGjPs8tL+1tb4tlJ5/tzYuCLDcCzEQLlCq1IlawTVbLn6SGIOCYgcysSn2WiwKjVHZzyLPLjA7Xvj33HofncDe9dJ4SopHiN+8ZGeUG1cTw6EAFyo0WopOPEtcIcDVaEE/wWg4THiKiynKhJFTVdqwfzmrF6k7K8C61huGAWkx6chk3MEHZ/tZ1XVugpdU5VtuQIcjc2WBw+wiOLjrxTJ34leHzqYUSPA8J9E1uVoQHh72vDqy+LsaHJLNWk1HZ/4y9UNnExoDMXaoHxaEIpQk17pvAkOgmhVHxVwIDAQAB';
const keyId = '00000000-0000-4000-8000-000000000000';

/**
 * Runs the code of the first call once, as Lambda starts a function with a whole processor, but calls it with a share of
 * one: encrypts a message, verifies its signature, and looks up its key with an SSM client that sends nothing.
 */
export async function warmUp(environment: NodeJS.ProcessEnv): Promise<void> {
  const spki = Uint8Array.from(atob(publicKey), (character) => character.charCodeAt(0));
  const algorithm = { name: 'RSA-OAEP', hash: 'SHA-512' };
  const wrappingKey = await crypto.subtle.importKey('spki', spki, algorithm, false, ['wrapKey']);
  const recipient = { providerId: 'AmazonConnect', keyName: keyId, publicKey: wrappingKey };
  const message = await encryptMessageAsConnect(new TextEncoder().encode('0'), recipient);
  await inspect(message);
  const keyStore = awsKeyStore(environment, {
    requestHandler: { handle: () => Promise.reject(new Error('The warm-up sends no requests.')) },
  });
  await createDecryptor({ keyStore })
    .decrypt(message)
    .catch(() => {});
}
