import { FlowKeysError } from '../errors.ts';

/**
 * What a key id may be: 1 to 100 letters, digits, hyphens and underscores, as Connect's association ids
 * (UUIDs) are. Digits alone are refused: they are a caller's input in the wrong parameter.
 */
const keyIdPattern = /^(?=.*[A-Za-z])[A-Za-z0-9_-]{1,100}$/;

export function isKeyId(keyId: unknown): keyId is string {
  return typeof keyId === 'string' && keyIdPattern.test(keyId);
}

/**
 * Checks a key id before any store is asked for it, so that none can be led to another path.
 * The error does not repeat the text: it may be a secret in the wrong place.
 *
 * @throws FlowKeysError `invalid_key_id`
 */
export function assertKeyId(keyId: unknown): asserts keyId is string {
  if (isKeyId(keyId)) return;
  throw new FlowKeysError(
    'invalid_key_id',
    'The key id may hold 1 to 100 letters, digits, "-" and "_", and not digits alone. Pass the id that Connect shows for the security key.',
  );
}
