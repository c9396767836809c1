import { FlowKeysError } from '../errors.ts';
import { assertConsumerName, isContactId, isField } from '../identifiers.ts';
import { isTyped, isUnencrypted } from './misplaced.ts';
import type { ConnectSettings } from './settings.ts';

/** An input of the caller's in an event. */
export interface Field {
  readonly name: string;
  readonly value: unknown;
}

/** What is read of a ContactFlowEvent. */
export interface ContactFlowInput {
  /** `null` where the event has none: then it is no event of Connect's. */
  readonly contactId: string | null;
  readonly keyId: unknown;
  /** `undefined` only where the event has no such parameter: one that is empty asks for no plaintext, either. */
  readonly consumer: unknown;
  /** Inputs are decrypted and checked, and not used. */
  readonly isCheckOnly: boolean;
  readonly fields: readonly Field[];
  /** What is not a ciphertext, as texts. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly attributes: Readonly<Record<string, string>>;
}

/** The names of the article's parameters in the flow. */
export const keyIdParameter = 'key-id';
export const ciphertextParameter = 'my-secret-string';
/** Names the consumers to encrypt for, separated by commas. */
export const consumerParameter = 'consumer';
/** Asks for the checks of the inputs that are there alone: the author's code is not called, and no input is missed. */
export const checkOnlyParameter = 'check-only';

const maxFields = 20;

/**
 * How base64 of a message begins, quoted or not: version 1 and type of suite 0378, or version 2 of suite 0578; or no input.
 */
const ciphertextPattern = /^\s*(?:b?['"\\]+)?(AYADe[A-P]|AgV4|Timeout\s*$)/;

/** A ciphertext; or an object with one, which a flow cannot pass, but who tries it out. */
function holdsCiphertext(value: unknown): boolean {
  if (typeof value === 'string') return ciphertextPattern.test(value);
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).some((item) => typeof item === 'string' && ciphertextPattern.test(item))
  );
}

/**
 * Reads a ContactFlowEvent, as Connect hands it to a Lambda function. Whatever else it is given, it
 * reads as an event without parameters.
 *
 * @throws FlowKeysError `invalid_request` when it holds more fields than are answered in one call
 * @see https://docs.aws.amazon.com/connect/latest/adminguide/connect-lambda-functions.html
 */
export function parseContactFlowEvent(event: unknown, settings: ConnectSettings): ContactFlowInput {
  const details = own(event, 'Details');
  const parameters = own(details, 'Parameters');
  const allAttributes = own(own(details, 'ContactData'), 'Attributes');
  const attributes = settings.attributes ? allAttributes : undefined;
  const named =
    settings.fields?.map((name) => namedField(name, parameters, attributes)) ?? found(parameters, attributes);
  const fields = [...named, ...unencrypted([parameters, attributes], named)];
  if (!settings.attributes) assertNotInAttributes(fields, allAttributes);
  return {
    contactId: contactIdOf(event),
    keyId: own(parameters, keyIdParameter),
    consumer: own(parameters, consumerParameter),
    isCheckOnly: isSet(own(parameters, checkOnlyParameter)),
    fields,
    parameters: textsIn(parameters, fields),
    attributes: textsIn(allAttributes, fields),
  };
}

/** The texts that are neither fields nor ciphertexts. */
function textsIn(values: unknown, fields: readonly Field[]): Readonly<Record<string, string>> {
  if (typeof values !== 'object' || values === null || Array.isArray(values)) return {};
  const others = Object.entries(values).filter(
    ([name, value]) =>
      typeof value === 'string' && !ciphertextPattern.test(value) && !fields.some((field) => field.name === name),
  );
  return Object.fromEntries(others);
}

export function contactIdOf(event: unknown): string | null {
  const contactId = own(own(own(event, 'Details'), 'ContactData'), 'ContactId');
  return isContactId(contactId) ? contactId : null;
}

function namedField(name: string, parameters: unknown, attributes: unknown): Field {
  const parameter = own(parameters, name);
  return { name, value: isAbsent(parameter) ? own(attributes, name) : parameter };
}

// What the function reads itself.
const ownParameters: readonly string[] = [keyIdParameter, consumerParameter, checkOnlyParameter, 'attempt'];

/** Inputs that were not encrypted, under whatever name: a success must not leave them out in silence. */
function unencrypted(sources: readonly unknown[], fields: readonly Field[]): readonly Field[] {
  const known = new Set([...fields.map(({ name }) => name), ...ownParameters]);
  return sources.flatMap(entriesOf).flatMap(([name, value]) => {
    if (known.has(name) || !isUnencrypted(name, value)) return [];
    known.add(name);
    return [{ name, value }];
  });
}

/** @throws FlowKeysError `missing_parameter` for an event whose only ciphertexts are where nobody looks */
function assertNotInAttributes(fields: readonly Field[], attributes: unknown): void {
  if (fields.some(({ value }) => !isAbsent(value))) return;
  const [attribute] = entriesOf(attributes).filter(
    ([, value]) => typeof value === 'string' && ciphertextPattern.test(value),
  );
  if (attribute === undefined) return;
  const name = isField(attribute[0]) ? ` "${attribute[0]}"` : '';
  const message = `A ciphertext is in the contact attribute${name}, which is not read: pass it as a parameter, $.Attributes.${name ? attribute[0] : '<name>'}, or set ATTRIBUTES=true.`;
  throw new FlowKeysError('missing_parameter', message);
}

function entriesOf(values: unknown): readonly (readonly [string, unknown])[] {
  return typeof values === 'object' && values !== null && !Array.isArray(values) ? Object.entries(values) : [];
}

/** The article's parameter, and every other whose value is a ciphertext. A parameter goes before an attribute. */
function found(parameters: unknown, attributes: unknown): readonly Field[] {
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
    const message = `The event holds ${fields.size} ciphertexts; at most ${maxFields} are decrypted in one call. Name those to decrypt in FIELDS.`;
    throw new FlowKeysError('invalid_request', message);
  }
  return Array.from(fields, ([name, value]) => ({ name, value }));
}

// Own properties only: an event may hold "__proto__", and an input must not come from a prototype.
function own(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}

/** Whether the flow left a parameter out: Connect passes an unset attribute as an empty string. */
export function isAbsent(parameter: unknown): boolean {
  return parameter === undefined || parameter === null || (typeof parameter === 'string' && parameter.trim() === '');
}

/** Whether a switch is on; one that is misspelt is, as a charge must not be made by mistake. */
function isSet(parameter: unknown): boolean {
  return !isAbsent(parameter) && String(parameter).trim().toLowerCase() !== 'false';
}

/** The value of a field as text. */
export function asCiphertext({ name, value }: Field): string {
  if (isTyped(value)) throw notEncrypted(name);
  if (typeof value === 'string') return value;
  // An unset parameter is answered as one that is empty.
  if (isAbsent(value)) return '';
  const parameter = name === ciphertextParameter ? `The parameter '${name}'` : 'A field';
  throw new FlowKeysError(
    'malformed_ciphertext',
    `${parameter} is no text. Set it to $.StoredCustomerInput in the flow, the ciphertext alone.`,
  );
}

function notEncrypted(name: string): FlowKeysError {
  const input = isField(name) ? `The input "${name}"` : 'An input';
  return new FlowKeysError(
    'not_encrypted',
    `${input} came as the caller typed it. Tick "Encrypt entry" in the block "Store customer input" that asks for it, with the key id and the certificate; look for the digits in flow logs and contact records.`,
  );
}

/** The consumers' names in the parameter `consumer`. */
export function consumerNames(parameter: unknown): readonly string[] {
  if (typeof parameter !== 'string') assertConsumerName(parameter);
  return parameter
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
}

/** The instance that sent the event; `null` where it names none. */
export function instanceArnOf(event: unknown): string | null {
  const instanceArn = own(own(own(event, 'Details'), 'ContactData'), 'InstanceARN');
  const pattern = /^arn:[a-z-]+:connect:[a-z0-9-]+:\d{12}:instance\/[a-f0-9-]{36}$/;
  return typeof instanceArn === 'string' && pattern.test(instanceArn) ? instanceArn : null;
}
