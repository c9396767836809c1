/**
 * A contact id of Connect's is a UUID. Digits alone are none: they are a caller's input in the wrong place, and contact
 * ids are logged.
 */
const contactIdPattern = /^(?=.*[A-Za-z-])[A-Za-z0-9-]{1,100}$/;

export function isContactId(value: unknown): value is string {
  return typeof value === 'string' && contactIdPattern.test(value);
}
