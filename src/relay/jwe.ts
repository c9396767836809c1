import { base64url } from '../encoding/base64.ts';

const { subtle } = crypto;
const utf8 = new TextEncoder();

/** A protected header, without `epk`. */
export interface JweHeader {
  /** How the content key is encrypted (RFC 7518, section 4.1). */
  readonly alg: 'RSA-OAEP-256' | 'RSA-OAEP-512' | 'ECDH-ES+A256KW';
  readonly enc: 'A256GCM';
  readonly [parameter: string]: string | number;
}

/**
 * Encrypts to a JWE in compact serialization (RFC 7516, sections 5.1 and 7.1). Key agreement adds its ephemeral public
 * key to the header as `epk`.
 *
 * @param publicKey an RSA-OAEP key with the usage `encrypt`, a P-256 ECDH key or an X25519 key
 * @throws what Web Crypto throws when the public key cannot be used
 * @example
 * const jwe = await encryptJwe(plaintext, publicKey, { alg: 'ECDH-ES+A256KW', enc: 'A256GCM', kid: 'key-2' });
 */
export async function encryptJwe(plaintext: Uint8Array, publicKey: CryptoKey, header: JweHeader): Promise<string> {
  // One call for both, as the call is expensive.
  const random = crypto.getRandomValues(new Uint8Array(32 + 12));
  const [bytes, iv] = [random.subarray(0, 32), random.subarray(32)];
  const contentKey = { bytes, key: await subtle.importKey('raw', bytes, 'AES-GCM', true, ['encrypt']) };
  const encryptKey = header.alg === 'ECDH-ES+A256KW' ? encryptKeyByAgreement : encryptKeyWithRsa;
  const { encryptedKey, epk } = await encryptKey(contentKey, publicKey);
  const protectedHeader = base64url(utf8.encode(JSON.stringify(epk ? { ...header, epk } : header)));
  const encryption = { name: 'AES-GCM', iv, additionalData: utf8.encode(protectedHeader) };
  // A copy, as Web Crypto does not accept shared memory.
  const encrypted = await subtle.encrypt(encryption, contentKey.key, new Uint8Array(plaintext));
  const ciphertext = new Uint8Array(encrypted, 0, plaintext.length);
  const tag = new Uint8Array(encrypted, plaintext.length);
  return [protectedHeader, ...[encryptedKey, iv, ciphertext, tag].map(base64url)].join('.');
}

interface ContentKey {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly key: CryptoKey;
}

interface EncryptedKey {
  readonly encryptedKey: Uint8Array;
  /** The ephemeral public key as a JWK. */
  readonly epk?: object;
}

/** RFC 7518, section 4.3, with the public key's hash. */
async function encryptKeyWithRsa({ bytes }: ContentKey, publicKey: CryptoKey): Promise<EncryptedKey> {
  return { encryptedKey: new Uint8Array(await subtle.encrypt('RSA-OAEP', publicKey, bytes)) };
}

/** ECDH-ES+A256KW: RFC 7518, section 4.6, and for X25519 RFC 8037, section 3.2. */
async function encryptKeyByAgreement({ key }: ContentKey, publicKey: CryptoKey): Promise<EncryptedKey> {
  const ephemeral = await subtle.generateKey(publicKey.algorithm, true, ['deriveBits']);
  if (!('privateKey' in ephemeral)) throw new TypeError('The public key is not for key agreement.');
  const { kty, crv, x, y } = await subtle.exportKey('jwk', ephemeral.publicKey);
  const agreement = { name: publicKey.algorithm.name, public: publicKey };
  const sharedSecret = await subtle.deriveBits(agreement, ephemeral.privateKey, 256);
  const derived = await concatKdf(new Uint8Array(sharedSecret), { algorithmId: 'ECDH-ES+A256KW', keyDataBits: 256 });
  const wrappingKey = await subtle.importKey('raw', derived, 'AES-KW', false, ['wrapKey']);
  const encryptedKey = new Uint8Array(await subtle.wrapKey('raw', key, wrappingKey, 'AES-KW'));
  return { encryptedKey, epk: { kty, crv, x, y } };
}

/** The inputs of the Concat KDF besides the secret (RFC 7518, section 4.6.2). `apu` and `apv` encode the party infos. */
export interface OtherInfo {
  readonly algorithmId: string;
  readonly partyUInfo?: Uint8Array;
  readonly partyVInfo?: Uint8Array;
  readonly keyDataBits: 128 | 192 | 256;
}

/** The Concat KDF (NIST SP 800-56A, section 5.8.1) with SHA-256. One round is enough for 256 bits. */
export async function concatKdf(
  sharedSecret: Uint8Array,
  { algorithmId, partyUInfo = new Uint8Array(), partyVInfo = new Uint8Array(), keyDataBits }: OtherInfo,
): Promise<Uint8Array<ArrayBuffer>> {
  const data = [utf8.encode(algorithmId), partyUInfo, partyVInfo].flatMap((field) => [
    ...uint32(field.length),
    ...field,
  ]);
  const round = new Uint8Array([...uint32(1), ...sharedSecret, ...data, ...uint32(keyDataBits)]);
  return new Uint8Array(await subtle.digest('SHA-256', round), 0, keyDataBits / 8);
}

function uint32(value: number): readonly number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}
