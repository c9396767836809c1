import { derTag, objectIdentifier, readDer, readDerElements, sameBytes } from '../encoding/der.ts';
import { isRecord } from '../encoding/json.ts';
import { readCertificate } from '../keys/certificate.ts';
import { holdsPrivateKey, isPrivateJwk } from '../keys/holds-private-key.ts';
import { pemBlocks } from '../keys/key-text.ts';

/** A consumer's public key, as far as it is read without Web Crypto. */
export interface ConsumerKey {
  readonly kind: 'RSA' | 'P-256' | 'X25519';
  /** To be imported as `spki` or as `jwk`. */
  readonly key: Uint8Array<ArrayBuffer> | PublicJwk;
  /** The JWK's own key id. */
  readonly kid?: string;
  /** The JWK's own algorithm. */
  readonly alg?: string;
  /** The certificate's. */
  readonly validity?: { readonly notBefore: number; readonly notAfter: number };
}

/** The members of a public JWK that make up the key (RFC 7638, section 3.2). */
export type PublicJwk =
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string }
  | { readonly kty: 'EC'; readonly crv: 'P-256'; readonly x: string; readonly y: string }
  | { readonly kty: 'OKP'; readonly crv: 'X25519'; readonly x: string };

/** What is wrong with a key, after "its publicKey is", and what to do next. */
export interface UnusableKey {
  readonly found: string;
  readonly next: string;
}

const useSupported = 'Register an RSA key of 2048 bits or more, or for the format jwe one on P-256 or X25519.';
const usePublic = 'Register the public key alone: "openssl pkey -in private-key.pem -pubout" prints it.';
export const privateKey: UnusableKey = {
  found: 'a private key',
  next: `${usePublic} Whoever could read this document may have the private key, so make a new one.`,
};
const unsupported: UnusableKey = { found: 'of an unsupported algorithm or curve', next: useSupported };
const noKey: UnusableKey = {
  found: 'no public key',
  next: 'Register PEM text (BEGIN PUBLIC KEY or BEGIN CERTIFICATE) or a JWK.',
};
const damaged: UnusableKey = {
  found: 'damaged',
  next: 'Register it again, with all its lines: "openssl pkey -pubin -in public-key.pem -noout" checks it.',
};

/** Reads a public key as PEM text (RFC 7468) of a SubjectPublicKeyInfo or an X.509 certificate, or as a JWK (RFC 7517). */
export function readConsumerKey(publicKey: unknown): ConsumerKey | UnusableKey {
  if (typeof publicKey === 'string') return readPem(publicKey);
  return isRecord(publicKey) ? readJwk(publicKey) : noKey;
}

function readPem(text: string): ConsumerKey | UnusableKey {
  if (holdsPrivateKey(text)) return privateKey;
  const [block, ...others] = pemBlocks(text);
  if (block === undefined) return noKey;
  if (block.label === 'PUBLIC KEY' && others.length === 0) return readSpki(block.der);
  // A chain may follow a certificate.
  if (block.label === 'CERTIFICATE') {
    const certificate = block.der && readCertificate(block.der);
    if (certificate === undefined) return { found: 'a damaged certificate', next: damaged.next };
    const { spki, notBefore, notAfter } = certificate;
    const key = readSpki(spki);
    return 'found' in key ? key : { ...key, validity: { notBefore, notAfter } };
  }
  if (others.length > 0) return { found: 'several keys', next: 'Register one.' };
  return { found: 'PEM text of another kind', next: noKey.next };
}

/** RFC 5280, section 4.1.2.7: SEQUENCE { SEQUENCE { algorithm, parameters }, BIT STRING }. */
function readSpki(spki: Uint8Array<ArrayBuffer> | undefined): ConsumerKey | UnusableKey {
  const info = spki && readDer(spki);
  if (info?.tag !== derTag.sequence || info.end !== spki?.length) return damaged;
  const [algorithm] = readDerElements(info.content) ?? [];
  const [identifier, parameters] = (algorithm && readDerElements(algorithm.content)) ?? [];
  if (identifier?.tag !== derTag.objectIdentifier) return damaged;
  const is = (known: Uint8Array) => sameBytes(identifier.content, known);
  if (is(objectIdentifier.rsaEncryption)) return { kind: 'RSA', key: spki };
  if (is(objectIdentifier.x25519)) return { kind: 'X25519', key: spki };
  const isP256 =
    is(objectIdentifier.ecPublicKey) && parameters && sameBytes(parameters.content, objectIdentifier.prime256v1);
  return isP256 ? { kind: 'P-256', key: spki } : unsupported;
}

const encryptingOperations: readonly unknown[] = ['encrypt', 'wrapKey', 'deriveKey', 'deriveBits'];

const maxKidLength = 256;

function readJwk(jwk: Readonly<Record<string, unknown>>): ConsumerKey | UnusableKey {
  if (isPrivateJwk(jwk)) return privateKey;
  const { kid, alg, use, key_ops: operations, kty } = jwk;
  if ((use !== undefined && use !== 'enc') || !mayEncrypt(operations, kty)) {
    return { found: 'a JWK that is not for encryption', next: 'Register one with "use": "enc", or without "key_ops".' };
  }
  if (alg !== undefined && typeof alg !== 'string') {
    return { found: 'a JWK whose alg is no text', next: 'Leave "alg" out, or name the algorithm.' };
  }
  if (kid !== undefined && (typeof kid !== 'string' || kid === '' || kid.length > maxKidLength)) {
    return { found: 'a JWK whose kid is no text, empty or too long', next: `It may have ${maxKidLength} characters.` };
  }
  const named = { ...(kid !== undefined && { kid }), ...(alg !== undefined && { alg }) };
  const { crv, n, e, x, y } = jwk;
  if (kty === 'RSA') return isText(n) && isText(e) ? { kind: 'RSA', key: { kty, n, e }, ...named } : damaged;
  if (kty === 'EC' && crv === 'P-256')
    return isText(x) && isText(y) ? { kind: 'P-256', key: { kty, crv, x, y }, ...named } : damaged;
  if (kty === 'OKP' && crv === 'X25519')
    return isText(x) ? { kind: 'X25519', key: { kty, crv, x }, ...named } : damaged;
  return kty === undefined ? noKey : unsupported;
}

/** RFC 7517, section 4.3. The public key of a key agreement has no operation of its own: Web Crypto exports it with none. */
function mayEncrypt(operations: unknown, kty: unknown): boolean {
  if (operations === undefined) return true;
  if (!Array.isArray(operations)) return false;
  if (operations.length === 0) return kty !== 'RSA';
  return operations.some((operation) => encryptingOperations.includes(operation));
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
