import { createHash, createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { keyBlocks, privateKeyDer } from '../../src/internal.ts';
import { CommandError } from '../output/command-error.ts';

/** PEM texts in the form that openssl writes. */
export interface KeyPair {
  /** PKCS#8. */
  readonly privateKey: string;
  /** SubjectPublicKeyInfo, which Connect takes. */
  readonly publicKey: string;
}

export type KeySize = 2048 | 3072 | 4096;

// https://docs.aws.amazon.com/connect/latest/APIReference/API_AssociateSecurityKey.html
const longestPublicKey = 1_024;

/** Creates an RSA key pair with the public exponent 65537. */
export async function generateKeyPair(bits: KeySize): Promise<KeyPair> {
  const algorithm = {
    name: 'RSA-OAEP',
    hash: 'SHA-512',
    modulusLength: bits,
    publicExponent: new Uint8Array([1, 0, 1]),
  };
  const { privateKey } = await crypto.subtle.generateKey(algorithm, true, ['encrypt', 'decrypt']);
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', privateKey);
  return keyPairOf(createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' }));
}

/**
 * The key pair of a private key.
 *
 * @throws CommandError `invalid_public_key` if the public key is too long for Connect
 */
export function keyPairOf(privateKey: KeyObject): KeyPair {
  const publicKey = publicPem(createPublicKey(privateKey));
  if (publicKey.length > longestPublicKey) {
    const message = `The public key has ${publicKey.length} characters, but Connect takes at most ${longestPublicKey}; use RSA-4096 or smaller.`;
    throw new CommandError('invalid_public_key', message);
  }
  return { privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), publicKey };
}

/**
 * The RSA private key of a text, in any form that a key store accepts.
 *
 * @param source where the text comes from, such as `private-key.pem`
 * @throws FlowKeysError `invalid_private_key`, which says what the text is instead and what to do
 */
export async function privateKeyIn(text: string, source: string): Promise<KeyObject> {
  const der = await privateKeyDer(text, `The private key in ${source}`);
  return createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
}

export function publicPem(publicKey: KeyObject): string {
  return publicKey.export({ type: 'spki', format: 'pem' }).toString();
}

/**
 * The public key of a text that holds a public key, a private key or a certificate.
 *
 * @param what the text's role, such as `The certificate`
 * @throws CommandError `invalid_public_key`
 */
export function publicKeyOf(text: string, what: string): KeyObject {
  const block = keyBlocks(text).find(({ label, isEncrypted, der }) => label in publicPartOf && !isEncrypted && der);
  try {
    return publicPartOf[block?.label ?? '']?.(Buffer.from(block?.der ?? [])) ?? createPublicKey(text);
  } catch (error) {
    throw new CommandError('invalid_public_key', `${what} is neither a key nor a certificate; check the file.`, error);
  }
}

const publicPartOf: Readonly<Record<string, (key: Buffer) => KeyObject>> = {
  'PUBLIC KEY': (key) => createPublicKey({ key, format: 'der', type: 'spki' }),
  'RSA PUBLIC KEY': (key) => createPublicKey({ key, format: 'der', type: 'pkcs1' }),
  'PRIVATE KEY': (key) => createPublicKey(createPrivateKey({ key, format: 'der', type: 'pkcs8' })),
  'RSA PRIVATE KEY': (key) => createPublicKey(createPrivateKey({ key, format: 'der', type: 'pkcs1' })),
  CERTIFICATE: (key) => new X509Certificate(key).publicKey,
};

/** @throws CommandError `invalid_public_key` if Connect cannot encrypt with the key */
export function assertRsa(publicKey: KeyObject, what: string): void {
  const bits = publicKey.asymmetricKeyDetails?.modulusLength ?? 0;
  if (publicKey.asymmetricKeyType === 'rsa' && bits >= 2048) return;
  const found = publicKey.asymmetricKeyType === 'rsa' ? `an RSA key of ${bits} bits` : 'a key that is not RSA';
  throw new CommandError(
    'invalid_public_key',
    `${what} holds ${found}; Connect needs an RSA key of 2048 bits or more.`,
  );
}

/** Whether two public keys are the same. */
export function isSameKey(one: KeyObject, other: KeyObject): boolean {
  return fingerprint(one) === fingerprint(other);
}

/** SHA-256 of the SubjectPublicKeyInfo, in hexadecimal. */
export function fingerprint(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}
