import { FlowKeysError } from '../errors.ts';
import { assertConsumerName, isContactId, isField } from '../identifiers.ts';
import { isTyped, isUnencrypted } from './misplaced.ts';
import type { ConnectSettings } from './settings.ts';

/** An input in an event. */
export interface Field {
  readonly name: string;
  readonly value: unknown;
}

/** The parsed parts of a ContactFlowEvent. */
export interface ContactFlowInput {
  readonly keyId: unknown;
  /** `undefined` only when the event has no such parameter. With an empty one, no plaintext is returned, either. */
  readonly consumer: unknown;
  /** Whether inputs are only decrypted and checked, not used. */
  readonly isCheckOnly: boolean;
  readonly fields: readonly Field[];
  /** The parameters that are not ciphertexts. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The attributes that are not ciphertexts. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** The parameters of the AWS article. */
export const keyIdParameter = 'key-id';
export const ciphertextParameter = 'my-secret-string';
/** The names of the consumers to encrypt for, separated by commas. */
export const consumerParameter = 'consumer';
/** Asks only for the checks of the inputs in the event: they are not used, and none is required. */
const checkOnlyParameter = 'check-only';

const maxFields = 20;

/** The start of a message in base64, quoted or not (suite 0378 in version 1, or 0578 in version 2), or `Timeout` for no input. */
const ciphertextPattern = /^\s*(?:b?['"\\]+)?(AYADe[A-P]|AgV4|Timeout\s*$)/;

function isCiphertext(value: unknown): boolean {
  return typeof value === 'string' && ciphertextPattern.test(value);
}

/** Flows pass only strings, but hand-written events may contain a ciphertext in an object. */
function holdsCiphertext(value: unknown): boolean {
  return typeof value === 'object' ? Object.values(value ?? {}).some(isCiphertext) : isCiphertext(value);
}

/**
 * Parses a ContactFlowEvent, as Connect passes it to a Lambda function. Any other value is an event without parameters.
 *
 * @throws FlowKeysError `invalid_request` when it contains too many ciphertexts, `missing_parameter` when its only
 *   ciphertexts are in attributes that are not read
 * @see https://docs.aws.amazon.com/connect/latest/adminguide/connect-lambda-functions.html
 */
export function parseContactFlowEvent(event: unknown, settings: ConnectSettings): ContactFlowInput {
  const details = own(event, 'Details');
  const parameters = own(details, 'Parameters');
  const allAttributes = own(own(details, 'ContactData'), 'Attributes');
  const attributes = settings.attributes ? allAttributes : undefined;
  const encrypted =
    settings.fields?.map((name) => fieldNamed(name, parameters, attributes)) ?? findFields(parameters, attributes);
  const fields = [...encrypted, ...findUnencrypted([parameters, attributes], encrypted)];
  if (!settings.attributes) assertNotInAttributes(fields, allAttributes);
  return {
    keyId: own(parameters, keyIdParameter),
    consumer: own(parameters, consumerParameter),
    isCheckOnly: isSet(own(parameters, checkOnlyParameter)),
    fields,
    parameters: textsIn(parameters, fields),
    attributes: textsIn(allAttributes, fields),
  };
}

/** Returns the strings that are neither fields nor ciphertexts. */
function textsIn(values: unknown, fields: readonly Field[]): Readonly<Record<string, string>> {
  const names = new Set(fields.map(({ name }) => name));
  return Object.fromEntries(
    entriesOf(values).filter(
      (entry): entry is [string, string] =>
        typeof entry[1] === 'string' && !isCiphertext(entry[1]) && !names.has(entry[0]),
    ),
  );
}

/** The event's contact id. `null` when it has none, as only events that Connect did not send do. */
export function contactIdOf(event: unknown): string | null {
  const contactId = own(own(own(event, 'Details'), 'ContactData'), 'ContactId');
  return isContactId(contactId) ? contactId : null;
}

function fieldNamed(name: string, parameters: unknown, attributes: unknown): Field {
  const parameter = own(parameters, name);
  return { name, value: isAbsent(parameter) ? own(attributes, name) : parameter };
}

// The parameters that are never fields.
const ownParameters: readonly string[] = [keyIdParameter, consumerParameter, checkOnlyParameter, 'attempt'];

/** Finds inputs that were not encrypted, under any name, so that a success does not hide them. */
function findUnencrypted(sources: readonly unknown[], fields: readonly Field[]): readonly Field[] {
  const known = new Set([...fields.map(({ name }) => name), ...ownParameters]);
  return sources.flatMap(entriesOf).flatMap(([name, value]) => {
    if (known.has(name) || !isUnencrypted(name, value)) return [];
    known.add(name);
    return [{ name, value }];
  });
}

/** @throws FlowKeysError `missing_parameter` when the only ciphertexts are in attributes, which are not read */
function assertNotInAttributes(fields: readonly Field[], attributes: unknown): void {
  if (fields.some(({ value }) => !isAbsent(value))) return;
  const [name] = entriesOf(attributes).find(([, value]) => isCiphertext(value)) ?? [];
  if (name === undefined) return;
  const attribute = isField(name) ? name : '<name>';
  const message = `The ciphertext is in the contact attribute ${attribute}, which is not read. Pass it as a parameter, $.Attributes.${attribute}, or set ATTRIBUTES=true.`;
  throw new FlowKeysError('missing_parameter', message);
}

function entriesOf(values: unknown): readonly [string, unknown][] {
  return typeof values === 'object' && values !== null && !Array.isArray(values) ? Object.entries(values) : [];
}

/** Finds the article's parameter, and every other one whose value is a ciphertext. Parameters precede attributes. */
function findFields(parameters: unknown, attributes: unknown): readonly Field[] {
  const fields = new Map<string, unknown>();
  const ciphertext = own(parameters, ciphertextParameter);
  if (!isAbsent(ciphertext)) fields.set(ciphertextParameter, ciphertext);
  for (const values of [parameters, attributes]) {
    for (const [name, value] of entriesOf(values)) {
      if (ownParameters.includes(name) || fields.has(name)) continue;
      if (holdsCiphertext(value)) fields.set(name, value);
    }
  }
  if (fields.size > maxFields) {
    const message = `The event contains ${fields.size} ciphertexts, but at most ${maxFields} are decrypted in one call. Name those to decrypt in FIELDS.`;
    throw new FlowKeysError('invalid_request', message);
  }
  return Array.from(fields, ([name, value]) => ({ name, value }));
}

// Own properties only: an event may contain "__proto__", and an input must not come from a prototype.
function own(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}

/** Returns whether a parameter is unset. Connect passes an unset attribute as an empty string. */
export function isAbsent(parameter: unknown): boolean {
  return parameter === undefined || parameter === null || (typeof parameter === 'string' && parameter.trim() === '');
}

/** Returns whether a switch is on. A misspelt value counts as on, so that nothing is charged by mistake. */
function isSet(parameter: unknown): boolean {
  return !isAbsent(parameter) && String(parameter).trim().toLowerCase() !== 'false';
}

/**
 * Returns the ciphertext of a field.
 *
 * @throws FlowKeysError `not_encrypted`, `malformed_ciphertext`
 */
export function asCiphertext({ name, value }: Field): string {
  if (isTyped(value)) throw notEncrypted(name);
  if (typeof value === 'string') return value;
  // Unset is the same as empty.
  if (isAbsent(value)) return '';
  const parameter = name === ciphertextParameter ? `The parameter '${name}'` : 'A field';
  throw new FlowKeysError(
    'malformed_ciphertext',
    `${parameter} is not a string. Set it to $.StoredCustomerInput in the flow.`,
  );
}

function notEncrypted(name: string): FlowKeysError {
  const input = isField(name) ? `The input "${name}"` : 'An input';
  return new FlowKeysError(
    'not_encrypted',
    `${input} was not encrypted. Tick "Encrypt entry" in its block "Store customer input", with the key id and the certificate. Flow logs and contact records may contain the digits: look for them there.`,
  );
}

/** Parses the consumer names in the parameter `consumer`. */
export function consumerNames(parameter: unknown): readonly string[] {
  if (typeof parameter !== 'string') assertConsumerName(parameter);
  return parameter
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
}

/** The ARN of the instance that sent the event. `null` when it has none. */
export function instanceArnOf(event: unknown): string | null {
  const instanceArn = own(own(own(event, 'Details'), 'ContactData'), 'InstanceARN');
  const pattern = /^arn:[a-z-]+:connect:[a-z0-9-]+:\d{12}:instance\/[a-f0-9-]{36}$/;
  return typeof instanceArn === 'string' && pattern.test(instanceArn) ? instanceArn : null;
}
