import { isRecord, parseJson } from '../encoding/json.ts';
import { keyBlocks } from './key-text.ts';

/** Whether a text holds a private key, in whatever form: PEM, base64 of it or of DER, a JWK, in JSON. */
export function holdsPrivateKey(text: string): boolean {
  return (
    /PRIVATE KEY/.test(text) || isPrivateJwk(parseJson(text)) || keyBlocks(text).some(({ label }) => isPrivate(label))
  );
}

function isPrivate(label: string): boolean {
  return label.endsWith('PRIVATE KEY') || label === 'PKCS12';
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

/** The private members of RFC 7518, section 6; `k` is a shared secret. */
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
