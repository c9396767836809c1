import { FlowKeysError } from '../errors.ts';
import { isField } from '../identifiers.ts';
import { luhn } from './card.ts';

/** What is wrong with an input, in the order in which it is looked at; with no digit of it. */
export type CheckOutcome = 'valid' | 'length' | 'luhn' | 'expired';

/** A check of an input: the time, in milliseconds, is for the expiry date. */
export type Check = (input: string, now: number) => CheckOutcome;

/** 12 to 19 digits with a valid check digit. */
const card: Check = (input) => {
  if (!/^\d{12,19}$/.test(input)) return 'length';
  return luhn(input) ? 'valid' : 'luhn';
};

/** MMYY or MMYYYY; a card is valid to the end of its month (UTC). What is not a month counts as expired. */
const expiry: Check = (input, now) => {
  const [, month, year] = input.match(/^(\d\d)((?:20)?\d\d)$/) ?? [];
  if (month === undefined || year === undefined) return 'length';
  const end = Date.UTC(Number(year.padStart(4, '20')), Number(month), 1);
  return Number(month) >= 1 && Number(month) <= 12 && now < end ? 'valid' : 'expired';
};

const digits =
  (min: number, max: number): Check =>
  (input) =>
    /^\d+$/.test(input) && input.length >= min && input.length <= max ? 'valid' : 'length';

/**
 * Reads `card=card expiry=expiry cvc=digits:3-4`: a check for each field.
 *
 * @throws FlowKeysError `not_configured` for a check that there is none of
 */
export function parseChecks(text: string): ReadonlyMap<string, Check> {
  const entries = text.split(/[\s,]+/).filter(Boolean);
  return new Map(
    entries.map((entry) => {
      const separator = entry.lastIndexOf('=');
      const field = entry.slice(0, Math.max(0, separator));
      const check = checkNamed(entry.slice(separator + 1));
      if (!isField(field) || check === undefined) throw unknownCheck();
      return [field, check];
    }),
  );
}

function checkNamed(name: string): Check | undefined {
  if (name === 'card') return card;
  if (name === 'expiry') return expiry;
  const [, min, max = min] = name.match(/^digits:(\d{1,2})(?:-(\d{1,2}))?$/) ?? [];
  return min !== undefined && Number(min) >= 1 && Number(min) <= Number(max)
    ? digits(Number(min), Number(max))
    : undefined;
}

function unknownCheck(): FlowKeysError {
  return new FlowKeysError(
    'not_configured',
    'CHECK must hold <field>=card, <field>=expiry or <field>=digits:<min>-<max>, with a space between two.',
  );
}
