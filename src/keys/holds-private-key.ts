import { isRecord, parseJson } from '../encoding/json.ts';
import { keyBlocks } from './key-text.ts';

/** Returns whether a text contains a private key in any form: PEM, DER, base64 of these, a JWK, or one in JSON. */
export function holdsPrivateKey(text: string): boolean {
  if (/PRIVATE KEY/.test(text) || isPrivateJwk(parseJson(text))) return true;
  return keyBlocks(text).some(({ label }) => label.endsWith('PRIVATE KEY') || label === 'PKCS12');
}

/** Returns whether a value is a JWK with private members, or a JWK Set (RFC 7517, section 5) that contains one. */
export function isPrivateJwk(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { keys } = value;
  return hasPrivateMembers(value) || (Array.isArray(keys) && keys.some(hasPrivateMembers));
}

function hasPrivateMembers(value: unknown): boolean {
  return isRecord(value) && privateMembers.some((member) => Object.hasOwn(value, member));
}

/** The private members of RFC 7518, section 6; `k` is a shared secret. */
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
