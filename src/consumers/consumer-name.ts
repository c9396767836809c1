import { FlowKeysError } from '../errors.ts';

/**
 * What a consumer may be called: 1 to 64 lower-case letters, digits and hyphens. Digits alone are refused: they are
 * a caller's input in the wrong parameter. So are the names of what stores keep of a key, beside which consumers are.
 */
const consumerNamePattern = /^(?=.*[a-z])(?!(?:private-key|certificate)$)[a-z0-9-]{1,64}$/;

export function isConsumerName(name: unknown): name is string {
  return typeof name === 'string' && consumerNamePattern.test(name);
}

/**
 * Checks a consumer's name before any store is asked for it, so that none can be led to another path.
 * The error does not repeat the text: it may be a secret in the wrong place.
 *
 * @throws FlowKeysError `invalid_consumer_name`
 */
export function assertConsumerName(name: unknown): asserts name is string {
  if (isConsumerName(name)) return;
  throw new FlowKeysError(
    'invalid_consumer_name',
    'A consumer\'s name may hold 1 to 64 lower-case letters, digits and "-", not digits alone, and is neither "private-key" nor "certificate".',
  );
}
