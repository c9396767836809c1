import consumerKeys from './consumer-keys.json' with { type: 'json' };
import { type TestKey, testKeys } from './recordings.ts';

/** A consumer of the tests: who has a private key. */
export interface TestConsumer {
  readonly name: string;
  readonly format: 'aws-encryption-sdk' | 'jwe';
  /** PKCS#8, base64. */
  readonly privateKey: string;
  readonly algorithm: 'RSA-OAEP-512' | 'RSA-OAEP-256' | 'P-256' | 'X25519';
}

const [rsa2048, rsa3072] = testKeys;
if (rsa2048 === undefined || rsa3072 === undefined) throw new Error('There are no two test keys.');
const { 'P-256': p256, X25519: x25519 } = consumerKeys.keys;

/** One for each kind of key and format; they may have everything. */
export const testConsumers: readonly TestConsumer[] = [
  { name: 'ledger', format: 'aws-encryption-sdk', ...rsa('RSA-OAEP-512', rsa2048) },
  { name: 'billing', format: 'jwe', ...rsa('RSA-OAEP-256', rsa3072) },
  { name: 'fraud-check', format: 'jwe', algorithm: 'P-256', privateKey: p256.privateKeyPkcs8 },
  { name: 'archive', format: 'jwe', algorithm: 'X25519', privateKey: x25519.privateKeyPkcs8 },
];

function rsa(algorithm: 'RSA-OAEP-512' | 'RSA-OAEP-256', { privateKeyPkcs8 }: TestKey) {
  return { algorithm, privateKey: privateKeyPkcs8 };
}
