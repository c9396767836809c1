import { decodeBase64 } from '../encoding/base64.ts';
import { derTag, readDer, readDerElements } from '../encoding/der.ts';
import { isRecord, parseJson } from '../encoding/json.ts';

/** Whether a text holds a private key as PEM, wherever, or is one as a JWK, a JWK Set, or base64 of DER. */
export function holdsPrivateKey(text: string): boolean {
  return /PRIVATE KEY/.test(text) || isPrivateJwk(parseJson(text)) || isPrivateDer(decodeBase64(text));
}

/** Whether it is a JWK with private members, or a set (RFC 7517, section 5) with one. */
export function isPrivateJwk(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { keys } = value;
  return hasPrivateMembers(value) || (Array.isArray(keys) && keys.some(hasPrivateMembers));
}

function hasPrivateMembers(value: unknown): boolean {
  return isRecord(value) && privateMembers.some((member) => Object.hasOwn(value, member));
}

/**
 * PKCS#8 (RFC 5958), encrypted or not, PKCS#1 (RFC 8017, section A.1.2) and SEC 1 (RFC 5915): a SEQUENCE that begins
 * with a version, as no public key does but one of PKCS#1, which has two INTEGERs; or that ends with an OCTET STRING.
 */
function isPrivateDer(der: Uint8Array<ArrayBuffer> | undefined): boolean {
  const key = der && readDer(der);
  if (key?.tag !== derTag.sequence || key.end !== der?.length) return false;
  const tags = (readDerElements(key.content) ?? []).map(({ tag }) => tag);
  const isEncrypted = tags.length === 2 && tags[0] === derTag.sequence && tags[1] === derTag.octetString;
  return isEncrypted || (tags[0] === derTag.integer && !(tags.length === 2 && tags[1] === derTag.integer));
}

/** The private members of RFC 7518, section 6; `k` is a shared secret. */
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
