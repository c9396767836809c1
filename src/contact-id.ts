/**
 * A contact id of Connect's is a UUID; other ids need a letter. Digits alone, or in groups as on a card, are none: they
 * are a caller's input in the wrong place, and contact ids are logged.
 */
export const contactIdPattern = '^(?:(?=.*[A-Za-z])[A-Za-z0-9-]{1,100}|\\d{8}(?:-\\d{4}){3}-\\d{12})$';

const contactId = new RegExp(contactIdPattern);

export function isContactId(value: unknown): value is string {
  return typeof value === 'string' && contactId.test(value);
}
