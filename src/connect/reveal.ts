import { FlowKeysError } from '../errors.ts';
import { cardBrand, luhn as hasValidCheckDigit, lastFour } from './card.ts';
import type { CheckOutcome } from './check.ts';

/** How much of an input the response shows. */
export interface RevealPolicy {
  /**
   * `full`: all of it. `last4`: the last four characters of an input of eight or more. `none`: only its length and that
   * it was decrypted.
   */
  readonly show: 'full' | 'last4' | 'none';
  /** Whether to say if the input is a card number, by its check digit, and of which brand. */
  readonly luhn: boolean;
}

/** The policies of all fields. */
export interface RevealPolicies {
  readonly others: RevealPolicy;
  readonly fields: ReadonlyMap<string, RevealPolicy>;
}

/** Shows every field in full, as the article does. */
export const revealEverything: RevealPolicies = { others: { show: 'full', luhn: false }, fields: new Map() };

/** Shows nothing of any field. */
export const revealNothing: RevealPolicies = { others: { show: 'none', luhn: false }, fields: new Map() };

/** What the response shows of an input. */
export interface Revealed {
  /** The whole input. */
  readonly decryptedData?: string;
  readonly last4?: string;
  /** Length of the input, in characters. */
  readonly dataLength: number;
  readonly luhn?: 'valid' | 'invalid';
  /** The brand by the number's range, such as `visa`, `mastercard` or `american-express`. Absent when unknown. */
  readonly brand?: string;
  /** The outcome of the field's check in CHECK. */
  readonly check?: CheckOutcome;
}

const policies: Readonly<Record<string, RevealPolicy>> = {
  full: { show: 'full', luhn: false },
  last4: { show: 'last4', luhn: false },
  none: { show: 'none', luhn: false },
  luhn: { show: 'none', luhn: true },
  'full+luhn': { show: 'full', luhn: true },
  'last4+luhn': { show: 'last4', luhn: true },
  'none+luhn': { show: 'none', luhn: true },
};

/**
 * Parses the entries of REVEAL, such as `last4`, or `full`, `card=last4+luhn` and `cvc=none`. When only fields are named, the
 * other fields are not shown.
 *
 * @returns `undefined` when there are no entries
 * @throws FlowKeysError `not_configured` for an unknown policy
 */
export function parseReveal(entries: readonly string[]): RevealPolicies | undefined {
  let others: RevealPolicy | undefined;
  const fields = new Map<string, RevealPolicy>();
  for (const entry of entries) {
    const separator = entry.lastIndexOf('=');
    const policy = parsePolicy(entry.slice(separator + 1));
    if (separator < 0) others = policy;
    else fields.set(entry.slice(0, separator), policy);
  }
  if (entries.length === 0) return undefined;
  return { others: others ?? revealNothing.others, fields };
}

function parsePolicy(name: string): RevealPolicy {
  const policy = Object.hasOwn(policies, name) ? policies[name] : undefined;
  if (policy !== undefined) return policy;
  throw new FlowKeysError(
    'not_configured',
    `REVEAL must be one of ${Object.keys(policies).join(', ')}, for all fields or as <field>=<policy>.`,
  );
}

/** Returns what the response shows of an input. */
export function reveal(input: string, field: string, { others, fields }: RevealPolicies): Revealed {
  const { show, luhn } = fields.get(field) ?? others;
  const characters = [...input];
  const last4 = show === 'last4' ? lastFour(input) : undefined;
  return {
    ...(show === 'full' && { decryptedData: input }),
    ...(last4 !== undefined && { last4 }),
    dataLength: characters.length,
    ...(luhn && checkCardNumber(input)),
  };
}

/** Checks whether the input is a card number (ISO/IEC 7812-1), and of which brand. */
function checkCardNumber(input: string): Pick<Revealed, 'luhn' | 'brand'> {
  if (!/^\d{12,19}$/.test(input) || !hasValidCheckDigit(input)) return { luhn: 'invalid' };
  const brand = cardBrand(input);
  return { luhn: 'valid', ...(brand !== undefined && { brand }) };
}
