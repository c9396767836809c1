import { consumerList } from '../consumers/allow-list.ts';
import { FlowKeysError } from '../errors.ts';
import { type Check, parseChecks } from './check.ts';
import { parseReveal, type RevealPolicies } from './reveal.ts';

/** How a ContactFlowEvent is answered, wherever it is. */
export interface ConnectSettings {
  /** The parameters that hold ciphertexts. Default: those whose value is one. */
  readonly fields?: readonly string[];
  /** Whether fields may be contact attributes, too. */
  readonly attributes: boolean;
  /** Whether the flow must pass the parameter `key-id`; otherwise it is what the message names. */
  readonly requireKeyId: boolean;
  /** Whether the flow must pass the parameter `consumer`: then nothing is answered in the clear. */
  readonly requireConsumer: boolean;
  /** `nested`: the article's JSON. `flat`: an object of strings, for the response validation STRING_MAP. */
  readonly answer: 'nested' | 'flat';
  /** Default: `full`; with code that uses the inputs, `none`. */
  readonly reveal?: RevealPolicies;
  /** The checks of fields. */
  readonly checks: ReadonlyMap<string, Check>;
  /** How long the flow's block waits, in seconds: 1 to 8. */
  readonly flowTimeLimit: number;
  /** The consumers that a flow may have inputs encrypted for; `*` among them stands for all. Default: none. */
  readonly consumers: readonly string[];
}

export const defaultConnectSettings: ConnectSettings = /* @__PURE__ */ connectSettings({});

/**
 * Reads the settings `FIELDS`, `ATTRIBUTES`, `KEY_ID`, `CONSUMER`, `ANSWER`, `REVEAL`, `CHECK`, `FLOW_TIME_LIMIT` and `CONSUMERS`.
 *
 * @throws FlowKeysError `not_configured`, naming the setting that is wrong
 * @example
 * connectSettings({ FIELDS: 'card cvc', REVEAL: 'none card=last4+luhn', ANSWER: 'flat' })
 */
export function connectSettings(environment: Readonly<Record<string, unknown>>): ConnectSettings {
  const fields = listOf(environment, 'FIELDS');
  const reveal = parseReveal(text(environment, 'REVEAL'));
  return {
    ...(fields.length > 0 && { fields }),
    attributes: oneOf(environment, 'ATTRIBUTES', ['false', 'true']) === 'true',
    requireKeyId: oneOf(environment, 'KEY_ID', ['optional', 'required']) === 'required',
    requireConsumer: oneOf(environment, 'CONSUMER', ['optional', 'required']) === 'required',
    answer: oneOf(environment, 'ANSWER', ['nested', 'flat']),
    ...(reveal && { reveal }),
    checks: parseChecks(text(environment, 'CHECK')),
    flowTimeLimit: seconds(environment, 'FLOW_TIME_LIMIT'),
    consumers: consumerList(listOf(environment, 'CONSUMERS'), 'CONSUMERS'),
  };
}

function listOf(environment: Readonly<Record<string, unknown>>, name: string): readonly string[] {
  return text(environment, name)
    .split(/[\s,]+/)
    .filter(Boolean);
}

/** The setting's value; the first one is the default. */
function oneOf<Value extends string>(
  environment: Readonly<Record<string, unknown>>,
  name: string,
  values: readonly [Value, ...Value[]],
): Value {
  const given = text(environment, name) || values[0];
  const value = values.find((known) => known === given);
  if (value !== undefined) return value;
  throw new FlowKeysError('not_configured', `${name} must be one of ${values.join(', ')}.`);
}

/** Connect waits for a function 1 to 8 seconds. */
function seconds(environment: Readonly<Record<string, unknown>>, name: string): number {
  const given = text(environment, name) || '8';
  if (/^[1-8]$/.test(given)) return Number(given);
  throw new FlowKeysError('not_configured', `${name} must be 1 to 8 seconds, as the flow's block has it.`);
}

function text(environment: Readonly<Record<string, unknown>>, name: string): string {
  const value = environment[name];
  return typeof value === 'string' ? value.trim() : '';
}
