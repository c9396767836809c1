import { createDecryptor, decodeUtf8, relayProviderId } from 'flow-security-keys';
import { compactDecrypt } from 'jose';
import { type TestConsumer, testConsumers } from '../recordings/consumers.ts';
import { pem } from '../recordings/recordings.ts';

/** What a consumer reads: the input, and what stands beside it; without what is random, and without the time. */
export interface Opened {
  readonly plaintext: string | undefined;
  readonly labels: Readonly<Record<string, unknown>>;
}

/** Opens what was encrypted for a consumer, wherever Web Crypto is. */
export async function opened(name: string, ciphertext: string): Promise<Opened> {
  const consumer = testConsumers.find((known) => known.name === name);
  if (consumer === undefined) throw new Error(`There is no test consumer ${name}.`);
  return consumer.format === 'jwe' ? openedJwe(consumer, ciphertext) : openedMessage(consumer, ciphertext);
}

async function openedMessage({ name, privateKey }: TestConsumer, ciphertext: string): Promise<Opened> {
  const keyStore = { privateKeys: async () => [pem('PRIVATE KEY', privateKey)] };
  // Of consumers, names may be key ids.
  const decryptor = createDecryptor({ keyStore, providerId: relayProviderId });
  const { plaintext, suite, encryptionContext } = await decryptor.decrypt(ciphertext, { keyId: name });
  const { 'aws-crypto-public-key': _, ...labels } = encryptionContext;
  return { plaintext: decodeUtf8(plaintext), labels: { suite, ...labels } };
}

async function openedJwe({ algorithm, privateKey }: TestConsumer, ciphertext: string): Promise<Opened> {
  const parameters = {
    'RSA-OAEP-512': { name: 'RSA-OAEP', hash: 'SHA-512' },
    'RSA-OAEP-256': { name: 'RSA-OAEP', hash: 'SHA-256' },
    'P-256': { name: 'ECDH', namedCurve: 'P-256' },
    X25519: { name: 'X25519' },
  }[algorithm];
  const pkcs8 = Uint8Array.from(atob(privateKey), (character) => character.charCodeAt(0));
  const usages: KeyUsage[] = algorithm === 'RSA-OAEP-256' ? ['decrypt'] : ['deriveBits'];
  const key = await crypto.subtle.importKey('pkcs8', pkcs8, parameters, false, usages);
  const { plaintext, protectedHeader } = await compactDecrypt(ciphertext, key);
  const { iat: _time, epk: _key, ...labels } = protectedHeader;
  return { plaintext: decodeUtf8(plaintext), labels };
}
