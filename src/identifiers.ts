import { FlowKeysError } from './errors.ts';

// Identifiers end up in paths and logs. Digits alone are rejected, as they could be a caller's input in the wrong place, and
// no error repeats the rejected text.

/** The form of an identifier. The pattern has no lookahead, so that generators can produce matching texts. */
export interface IdentifierForm {
  readonly pattern: RegExp;
  readonly maxLength: number;
}

/** A security key's id. Connect's are UUIDs (association ids). */
export const keyIdForm: IdentifierForm = { pattern: /^[0-9_-]*[A-Za-z][A-Za-z0-9_-]*$/, maxLength: 100 };

export function isKeyId(value: unknown): value is string {
  return matches(value, keyIdForm);
}

/**
 * Checks a key id before it becomes part of a path in a store.
 *
 * @throws FlowKeysError `invalid_key_id`
 */
export function assertKeyId(value: unknown): asserts value is string {
  if (isKeyId(value)) return;
  throw new FlowKeysError(
    'invalid_key_id',
    'A key id consists of 1 to 100 letters, digits, "-" and "_", with at least one letter. Pass the id that Connect shows for the security key.',
  );
}

/** A contact's id. Connect's are UUIDs, which may happen to contain no letter. */
export const contactIdForm: IdentifierForm = {
  pattern: /^(?:[0-9-]*[A-Za-z][A-Za-z0-9-]*|\d{8}(?:-\d{4}){3}-\d{12})$/,
  maxLength: 100,
};

export function isContactId(value: unknown): value is string {
  return matches(value, contactIdForm);
}

/** @throws FlowKeysError `invalid_request` */
export function assertContactId(value: unknown): asserts value is string {
  if (isContactId(value)) return;
  throw new FlowKeysError(
    'invalid_request',
    'A contact id is a UUID, or consists of 1 to 100 letters, digits and "-", with at least one letter.',
  );
}

/** An input's name, such as `card`. */
export const fieldForm: IdentifierForm = { pattern: /^[0-9 _.-]*[A-Za-z][A-Za-z0-9 _.-]*$/, maxLength: 100 };

export function isField(value: unknown): value is string {
  return matches(value, fieldForm);
}

/** @throws FlowKeysError `invalid_request` */
export function assertField(value: unknown): asserts value is string {
  if (isField(value)) return;
  throw new FlowKeysError(
    'invalid_request',
    'A field consists of 1 to 100 letters, digits, spaces, "-", "_" and ".", with at least one letter.',
  );
}

/** A consumer's name. */
export const consumerNameForm: IdentifierForm = { pattern: /^[0-9-]*[a-z][a-z0-9-]*$/, maxLength: 64 };

// Stores keep these beside the consumers.
const reservedConsumerNames: readonly unknown[] = ['private-key', 'certificate'];

export function isConsumerName(value: unknown): value is string {
  return matches(value, consumerNameForm) && !reservedConsumerNames.includes(value);
}

/**
 * Checks a consumer's name before it becomes part of a path in a store.
 *
 * @throws FlowKeysError `invalid_consumer_name`
 */
export function assertConsumerName(value: unknown): asserts value is string {
  if (isConsumerName(value)) return;
  throw new FlowKeysError(
    'invalid_consumer_name',
    'A consumer name consists of 1 to 64 lower-case letters, digits and "-", with at least one letter. "private-key" and "certificate" are reserved.',
  );
}

function matches(value: unknown, { pattern, maxLength }: IdentifierForm): value is string {
  return typeof value === 'string' && value.length <= maxLength && pattern.test(value);
}
