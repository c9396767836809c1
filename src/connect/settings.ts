import { consumerList } from '../consumers/allow-list.ts';
import { FlowKeysError } from '../errors.ts';
import { type Check, parseChecks } from './check.ts';
import { parseReveal, type RevealPolicies } from './reveal.ts';

/** How a ContactFlowEvent is handled, in a Lambda function and over HTTP. */
export interface ConnectSettings {
  /** The parameters to decrypt. Default: those whose value is a ciphertext. */
  readonly fields?: readonly string[];
  /** Whether contact attributes can be fields, too. */
  readonly attributes: boolean;
  /** Whether the flow must pass the parameter `key-id`. Otherwise the message's key id is used. */
  readonly requireKeyId: boolean;
  /** Whether the flow must pass the parameter `consumer`, so that nothing is returned in the clear. */
  readonly requireConsumer: boolean;
  /** `nested`: the JSON of the AWS article. `flat`: an object of strings, for the response validation STRING_MAP. */
  readonly answer: 'nested' | 'flat';
  /** Default: `full`, or `none` with code that uses the inputs. */
  readonly reveal?: RevealPolicies;
  /** The checks by field. */
  readonly checks: ReadonlyMap<string, Check>;
  /** How long the flow's block waits, in seconds: 1 to 8. */
  readonly flowTimeLimit: number;
  /** The consumers that flows may encrypt for. `*` stands for all. Default: none. */
  readonly consumers: readonly string[];
}

export const defaultConnectSettings: ConnectSettings = /* @__PURE__ */ connectSettings({});

/**
 * Reads the settings `FIELDS`, `ATTRIBUTES`, `KEY_ID`, `CONSUMER`, `ANSWER`, `REVEAL`, `CHECK`, `FLOW_TIME_LIMIT` and
 * `CONSUMERS` from environment variables. Unset and empty ones have their defaults.
 *
 * @throws FlowKeysError `not_configured`, naming the invalid setting
 * @example
 * connectSettings({ FIELDS: 'card cvc', REVEAL: 'none card=last4+luhn', ANSWER: 'flat' })
 */
export function connectSettings(environment: Readonly<Record<string, unknown>>): ConnectSettings {
  const fields = listOf(environment, 'FIELDS');
  const reveal = parseReveal(listOf(environment, 'REVEAL'));
  return {
    ...(fields.length > 0 && { fields }),
    attributes: oneOf(environment, 'ATTRIBUTES', ['false', 'true']) === 'true',
    requireKeyId: oneOf(environment, 'KEY_ID', ['optional', 'required']) === 'required',
    requireConsumer: oneOf(environment, 'CONSUMER', ['optional', 'required']) === 'required',
    answer: oneOf(environment, 'ANSWER', ['nested', 'flat']),
    ...(reveal && { reveal }),
    checks: parseChecks(listOf(environment, 'CHECK')),
    flowTimeLimit: Number(oneOf(environment, 'FLOW_TIME_LIMIT', ['8', '1', '2', '3', '4', '5', '6', '7'])),
    consumers: consumerList(listOf(environment, 'CONSUMERS'), 'CONSUMERS'),
  };
}

function listOf(environment: Readonly<Record<string, unknown>>, name: string): readonly string[] {
  return text(environment, name)
    .split(/[\s,]+/)
    .filter(Boolean);
}

/** Returns the setting's value. The first value is the default. */
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

function text(environment: Readonly<Record<string, unknown>>, name: string): string {
  const value = environment[name];
  return typeof value === 'string' ? value.trim() : '';
}
