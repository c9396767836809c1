import { FlowKeysError } from '../errors.ts';
import { cardBrand, luhn as hasValidCheckDigit, lastFour } from './card.ts';
import type { CheckOutcome } from './check.ts';

/** How much of an input an answer shows. */
export interface RevealPolicy {
  /**
   * `full`: all of it. `last4`: its last four characters as `last4`, of eight or more: of fewer they would be most of it.
   * `none`: only its length, and that it decrypted.
   */
  readonly show: 'full' | 'last4' | 'none';
  /** Whether to say if it is a card number by its check digit, and of which brand. */
  readonly luhn: boolean;
}

/** The policy of each field. */
export interface RevealPolicies {
  readonly others: RevealPolicy;
  readonly fields: ReadonlyMap<string, RevealPolicy>;
}

/** All of each field, as the article answers. */
export const revealEverything: RevealPolicies = { others: { show: 'full', luhn: false }, fields: new Map() };

/** Nothing of any field. */
export const revealNothing: RevealPolicies = { others: { show: 'none', luhn: false }, fields: new Map() };

/** What an answer shows of an input. */
export interface Revealed {
  /** All of the input. */
  readonly decryptedData?: string;
  readonly last4?: string;
  /** Length of the input, in characters. */
  readonly dataLength: number;
  readonly luhn?: 'valid' | 'invalid';
  /** By the number's range, as `visa`, `mastercard`, `american-express`; absent when it is of no known one. */
  readonly brand?: string;
  /** Where CHECK names the field. */
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
 * Reads `last4`, or with fields of their own `full card=last4+luhn cvc=none`. Where fields are named and nothing is said
 * of the others, nothing is shown of these: an input under another name must not be.
 *
 * @returns `undefined` for a text without a policy
 * @throws FlowKeysError `not_configured` for a policy that there is none of
 */
export function parseReveal(text: string): RevealPolicies | undefined {
  let others: RevealPolicy | undefined;
  const fields = new Map<string, RevealPolicy>();
  for (const entry of text.split(/[\s,]+/).filter(Boolean)) {
    const separator = entry.lastIndexOf('=');
    const policy = policyNamed(entry.slice(separator + 1));
    if (separator < 0) others = policy;
    else fields.set(entry.slice(0, separator), policy);
  }
  if (others === undefined && fields.size === 0) return undefined;
  return { others: others ?? revealNothing.others, fields };
}

function policyNamed(name: string): RevealPolicy {
  const policy = Object.hasOwn(policies, name) ? policies[name] : undefined;
  if (policy !== undefined) return policy;
  throw new FlowKeysError(
    'not_configured',
    `REVEAL must be one of ${Object.keys(policies).join(', ')}, for all fields or as <field>=<policy>.`,
  );
}

export function reveal(input: string, field: string, { others, fields }: RevealPolicies): Revealed {
  const { show, luhn } = fields.get(field) ?? others;
  const characters = [...input];
  const last4 = show === 'last4' ? lastFour(input) : undefined;
  return {
    ...(show === 'full' && { decryptedData: input }),
    ...(last4 !== undefined && { last4 }),
    dataLength: characters.length,
    ...(luhn && cardNumber(input)),
  };
}

/** Whether it is a card number (ISO/IEC 7812-1), and whose. */
function cardNumber(input: string): Pick<Revealed, 'luhn' | 'brand'> {
  if (!/^\d{12,19}$/.test(input) || !hasValidCheckDigit(input)) return { luhn: 'invalid' };
  const brand = cardBrand(input);
  return { luhn: 'valid', ...(brand !== undefined && { brand }) };
}
