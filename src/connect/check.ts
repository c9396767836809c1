import { FlowKeysError } from '../errors.ts';
import { isField } from '../identifiers.ts';
import { luhn } from './card.ts';

/** The outcome of a check, which tests in this order. */
export type CheckOutcome = 'valid' | 'length' | 'luhn' | 'expired';

/** Checks an input. `now` is in milliseconds since 1970, for expiry dates. */
export type Check = (input: string, now: number) => CheckOutcome;

/** 12 to 19 digits with a valid check digit. */
const card: Check = (input) => {
  if (!/^\d{12,19}$/.test(input)) return 'length';
  return luhn(input) ? 'valid' : 'luhn';
};

/** MMYY or MMYYYY. A card is valid to the end of its month (UTC). An invalid month counts as expired. */
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
 * Parses the entries of CHECK, such as `card=card`, `expiry=expiry` and `cvc=digits:3-4`.
 *
 * @throws FlowKeysError `not_configured` for an unknown check
 */
export function parseChecks(entries: readonly string[]): ReadonlyMap<string, Check> {
  return new Map(
    entries.map((entry) => {
      const separator = entry.lastIndexOf('=');
      const field = entry.slice(0, Math.max(0, separator));
      const check = parseCheck(entry.slice(separator + 1));
      if (!isField(field) || check === undefined) {
        throw new FlowKeysError(
          'not_configured',
          'CHECK must list <field>=card, <field>=expiry or <field>=digits:<min>-<max>, separated by spaces.',
        );
      }
      return [field, check];
    }),
  );
}

function parseCheck(name: string): Check | undefined {
  if (name === 'card') return card;
  if (name === 'expiry') return expiry;
  const [, min, max = min] = name.match(/^digits:(\d{1,2})(?:-(\d{1,2}))?$/) ?? [];
  return min !== undefined && Number(min) >= 1 && Number(min) <= Number(max)
    ? digits(Number(min), Number(max))
    : undefined;
}
