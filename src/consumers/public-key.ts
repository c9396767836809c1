import { derTag, objectIdentifier, readDer, readDerElements, sameBytes } from '../encoding/der.ts';
import { isRecord } from '../encoding/json.ts';
import { readCertificate, type Validity } from '../keys/certificate.ts';
import { holdsPrivateKey, isPrivateJwk } from '../keys/holds-private-key.ts';
import { pemBlocks } from '../keys/key-text.ts';

/** A consumer's public key, parsed but not yet imported. */
export interface ConsumerKey {
  readonly kind: 'RSA' | 'P-256' | 'X25519';
  /** To import as `spki`, or as `jwk`. */
  readonly key: Uint8Array<ArrayBuffer> | JsonWebKey;
  /** The JWK's key id. */
  readonly kid?: string;
  /** The JWK's algorithm. */
  readonly alg?: string;
  /** The certificate's. */
  readonly validity?: Validity;
}

/** What is wrong with a key, and what to do next. `found` completes "its publicKey is …". */
export interface UnusableKey {
  readonly found: string;
  readonly next: string;
}

export const privateKey: UnusableKey = {
  found: 'a private key',
  next: 'Anyone who could read this document may have it, so create a new key pair. Register the public key alone: "openssl pkey -in private-key.pem -pubout" prints it.',
};
const unsupported: UnusableKey = {
  found: 'of an unsupported algorithm or curve',
  next: 'Register an RSA key of 2048 bits or more, or for the format jwe a P-256 or X25519 key.',
};
const noKey: UnusableKey = {
  found: 'not a public key',
  next: 'Register PEM text (BEGIN PUBLIC KEY or BEGIN CERTIFICATE) or a JWK.',
};
const damaged: UnusableKey = {
  found: 'damaged',
  next: 'Register the whole key again. "openssl pkey -pubin -in public-key.pem -noout" checks it.',
};

/** Parses a public key: PEM text (RFC 7468) of a SubjectPublicKeyInfo or an X.509 certificate, or a JWK (RFC 7517). */
export function readConsumerKey(publicKey: unknown): ConsumerKey | UnusableKey {
  if (typeof publicKey === 'string') return readPem(publicKey);
  return isRecord(publicKey) ? readJwk(publicKey) : noKey;
}

function readPem(text: string): ConsumerKey | UnusableKey {
  if (holdsPrivateKey(text)) return privateKey;
  const [block, ...others] = pemBlocks(text);
  if (block === undefined) return noKey;
  if (block.label === 'PUBLIC KEY' && others.length === 0) return readSpki(block.der);
  // Its chain may follow a certificate.
  if (block.label === 'CERTIFICATE') {
    const certificate = block.der && readCertificate(block.der);
    if (certificate === undefined) return { found: 'a damaged certificate', next: damaged.next };
    const { spki, notBefore, notAfter } = certificate;
    const key = readSpki(spki);
    return 'found' in key ? key : { ...key, validity: { notBefore, notAfter } };
  }
  if (others.length > 0) return { found: 'more than one key', next: 'Register one key.' };
  return { found: 'PEM text of another type', next: noKey.next };
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

const jwkKinds: readonly {
  readonly kind: ConsumerKey['kind'];
  readonly kty: string;
  readonly crv?: string;
  /** The members that make up the key (RFC 7638, section 3.2). */
  readonly members: readonly string[];
}[] = [
  { kind: 'RSA', kty: 'RSA', members: ['kty', 'n', 'e'] },
  { kind: 'P-256', kty: 'EC', crv: 'P-256', members: ['kty', 'crv', 'x', 'y'] },
  { kind: 'X25519', kty: 'OKP', crv: 'X25519', members: ['kty', 'crv', 'x'] },
];

const encryptingOperations: readonly unknown[] = ['encrypt', 'wrapKey', 'deriveKey', 'deriveBits'];

const maxKidLength = 256;

function readJwk(jwk: Readonly<Record<string, unknown>>): ConsumerKey | UnusableKey {
  if (isPrivateJwk(jwk)) return privateKey;
  const { kid, alg, use, key_ops: operations, kty, crv } = jwk;
  if ((use !== undefined && use !== 'enc') || !mayEncrypt(operations, kty)) {
    return { found: 'a JWK that is not for encryption', next: 'Register one with "use": "enc", or without "key_ops".' };
  }
  if (alg !== undefined && typeof alg !== 'string') {
    return { found: 'a JWK whose alg is not a string', next: 'Leave "alg" out, or name the algorithm.' };
  }
  if (kid !== undefined && (typeof kid !== 'string' || kid === '' || kid.length > maxKidLength)) {
    const next = `Use a string of 1 to ${maxKidLength} characters.`;
    return { found: 'a JWK whose kid is not a string, empty or too long', next };
  }
  const known = jwkKinds.find((form) => form.kty === kty && (form.crv === undefined || form.crv === crv));
  if (known === undefined) return kty === undefined ? noKey : unsupported;
  const key = Object.fromEntries(known.members.map((member) => [member, jwk[member]]));
  if (Object.values(key).some((member) => typeof member !== 'string')) return damaged;
  return { kind: known.kind, key, ...(kid !== undefined && { kid }), ...(alg !== undefined && { alg }) };
}

/** RFC 7517, section 4.3. Web Crypto exports the public keys of key agreements with no operation. */
function mayEncrypt(operations: unknown, kty: unknown): boolean {
  if (operations === undefined) return true;
  if (!Array.isArray(operations)) return false;
  if (operations.length === 0) return kty !== 'RSA';
  return operations.some((operation) => encryptingOperations.includes(operation));
}
