/**
 * A contact id of Connect's is a UUID; other ids need a letter. Digits alone, or in groups as on a card, are none: they
 * are a caller's input in the wrong place, and contact ids are logged.
 */
export const contactIdPattern = '^(?:[0-9-]*[A-Za-z][A-Za-z0-9-]*|\\d{8}(?:-\\d{4}){3}-\\d{12})$';

export const maxContactIdLength = 100;

const contactId = new RegExp(contactIdPattern);

export function isContactId(value: unknown): value is string {
  return typeof value === 'string' && value.length <= maxContactIdLength && contactId.test(value);
}
