import { type ErrorCode, FlowKeysError } from './errors.ts';

// Identifiers are put into paths and into logs. Each needs a letter where digits alone would be a caller's input in the
// wrong place, and no assertion repeats the text that it refuses.

/** What an identifier looks like; the pattern has no lookahead, so that generators can make texts that match. */
export interface IdentifierForm {
  readonly pattern: RegExp;
  readonly maxLength: number;
}

/** A security key's id, such as Connect's association ids, which are UUIDs. */
export const keyIdForm: IdentifierForm = { pattern: /^[0-9_-]*[A-Za-z][A-Za-z0-9_-]*$/, maxLength: 100 };

export function isKeyId(value: unknown): value is string {
  return matches(value, keyIdForm);
}

/**
 * Checks a key id before a store is asked for it, so that it cannot lead to another path.
 *
 * @throws FlowKeysError `invalid_key_id`
 */
export function assertKeyId(value: unknown): asserts value is string {
  assertForm(
    isKeyId(value),
    'invalid_key_id',
    'The key id may hold 1 to 100 letters, digits, "-" and "_", and not digits alone. Pass the id that Connect shows for the security key.',
  );
}

/** A contact's id: Connect's are UUIDs, which may have no letter. */
export const contactIdForm: IdentifierForm = {
  pattern: /^(?:[0-9-]*[A-Za-z][A-Za-z0-9-]*|\d{8}(?:-\d{4}){3}-\d{12})$/,
  maxLength: 100,
};

export function isContactId(value: unknown): value is string {
  return matches(value, contactIdForm);
}

/** @throws FlowKeysError `invalid_request` */
export function assertContactId(value: unknown): asserts value is string {
  assertForm(
    isContactId(value),
    'invalid_request',
    'The contact id may hold 1 to 100 letters, digits and "-", with a letter among them, or is a UUID.',
  );
}

/** What an input is called: `card`. */
export const fieldForm: IdentifierForm = { pattern: /^[0-9 _.-]*[A-Za-z][A-Za-z0-9 _.-]*$/, maxLength: 100 };

export function isField(value: unknown): value is string {
  return matches(value, fieldForm);
}

/** @throws FlowKeysError `invalid_request` */
export function assertField(value: unknown): asserts value is string {
  assertForm(
    isField(value),
    'invalid_request',
    'The field may hold 1 to 100 letters, digits, spaces, "-", "_" and ".", with a letter among them.',
  );
}

/** A consumer's name. */
export const consumerNameForm: IdentifierForm = { pattern: /^[0-9-]*[a-z][a-z0-9-]*$/, maxLength: 64 };

// What stores keep beside the consumers, of a key.
const reservedConsumerNames: readonly unknown[] = ['private-key', 'certificate'];

export function isConsumerName(value: unknown): value is string {
  return matches(value, consumerNameForm) && !reservedConsumerNames.includes(value);
}

/**
 * Checks a consumer's name before a store is asked for it, so that it cannot lead to another path.
 *
 * @throws FlowKeysError `invalid_consumer_name`
 */
export function assertConsumerName(value: unknown): asserts value is string {
  assertForm(
    isConsumerName(value),
    'invalid_consumer_name',
    'A consumer\'s name may hold 1 to 64 lower-case letters, digits and "-", not digits alone, and is neither "private-key" nor "certificate".',
  );
}

function matches(value: unknown, { pattern, maxLength }: IdentifierForm): value is string {
  return typeof value === 'string' && value.length <= maxLength && pattern.test(value);
}

function assertForm(isInForm: boolean, code: ErrorCode, message: string): void {
  if (!isInForm) throw new FlowKeysError(code, message);
}
