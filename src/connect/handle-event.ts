import { type LookupBudget, lookupBudget } from '../cache/lookup-budget.ts';
import { settleAll } from '../concurrency.ts';
import { inBoth } from '../consumers/allow-list.ts';
import { everything } from '../consumers/consumer.ts';
import { assertInTime, withDeadline } from '../deadline.ts';
import type { DecryptOptions, Decryptor, DecryptResult } from '../decrypt/decryptor.ts';
import { type DecryptionRecord, errorRecord, successRecord } from '../decrypt/record.ts';
import { decodeUtf8 } from '../encoding/base64.ts';
import { FlowKeysError, toFlowKeysError } from '../errors.ts';
import { assertKeyId } from '../identifiers.ts';
import { maxConsumers, type ReencryptionRecord, type Relay } from '../relay/relay.ts';
import {
  type AnswerIds,
  answerOf,
  type ContactFlowAnswer,
  type FieldOutcome,
  failureAnswer,
  failuresOf,
} from './answer.ts';
import {
  asCiphertext,
  type ContactFlowInput,
  ciphertextParameter,
  consumerNames,
  consumerParameter,
  contactIdOf,
  type Field,
  isAbsent,
  keyIdParameter,
  parseContactFlowEvent,
} from './event.ts';
import { otherEvent } from './misplaced.ts';
import { reveal, revealEverything, revealNothing } from './reveal.ts';
import { type ConnectSettings, defaultConnectSettings } from './settings.ts';
import {
  type DecryptedInput,
  idempotencyKeyOf,
  logStarted,
  type UseOptions,
  type UseOutcome,
  useInputs,
} from './use.ts';

/** The response to an event, and what to log of it. */
export interface HandledEvent {
  readonly answer: ContactFlowAnswer;
  /** The log record. */
  readonly record: AnswerIds & ConnectRecord;
  /** The errors of the fields, in their order, or of the whole event. Empty after a success. */
  readonly failures: readonly FlowKeysError[];
}

/** The log record of an event. `code` is the code of the first field that failed, or `ok`. */
export interface ConnectRecord extends DecryptionRecord {
  /** The code of each field, in their order. Absent when there is only one. */
  readonly outcomes?: readonly DecryptionRecord['code'][];
  /** The code of each decryption. Present when an input was decrypted, but did not reach all of its consumers. */
  readonly decryptions?: readonly DecryptionRecord['code'][];
  /** The outcome of the code that uses the inputs: `ok`, an error code, or a code of {@link UseOptions.codes}. */
  readonly use?: string;
  /** The idempotency key that the code received. */
  readonly idempotencyKey?: string;
  /** The members of the result that were withheld. `*` hides a name. */
  readonly result_withheld?: readonly string[];
  /** How many inputs failed their check. */
  readonly failedChecks?: number;
  /** How many inputs were not encrypted. */
  readonly notEncrypted?: number;
}

/** Options of {@link handleContactFlowEvent}. */
export interface HandleEventOptions extends Partial<UseOptions> {
  readonly decryptor: Decryptor;
  /** Returned in the response and the log record. */
  readonly requestId: string;
  /** Default: the behaviour of the AWS article. */
  readonly settings?: ConnectSettings;
  /** The key ids that the caller may use. Default: all. */
  readonly allowedKeyIds?: readonly string[];
  /** Encrypts for the consumers that flows name. Without it, such events are `not_configured`. */
  readonly relay?: Relay;
  /** The consumers that the caller may encrypt for, among those of the settings. Default: all of them. */
  readonly allowedConsumers?: readonly string[];
  /** The fields that the caller may encrypt for consumers. Default: all fields that the consumers may have. */
  readonly allowedFields?: readonly string[];
  /** Called with the outcome of each field for each consumer, and awaited. If it throws, the field fails. */
  readonly audit?: (record: ReencryptionRecord) => void | Promise<void>;
  /** Limits the lookups of names that are not cached. Default: 8 unknown names. */
  readonly lookupBudget?: LookupBudget;
  /** Aborts the call, in addition to the flow's time limit. */
  readonly signal?: AbortSignal;
}

/** The options with a signal that aborts before the flow stops waiting. */
interface TimedOptions extends HandleEventOptions {
  readonly settings: ConnectSettings;
  readonly signal: AbortSignal;
}

/** How long before the flow's time limit the response is returned, in milliseconds: a flow cannot branch on a timeout. */
export const answerMargin = 500;

/**
 * Handles a ContactFlowEvent: it decrypts the inputs, or re-encrypts them when the flow names consumers, and returns the
 * response for the flow. Errors are in the response, as a flow cannot read an exception.
 *
 * @param event the event that Connect invoked the function with
 * @throws FlowKeysError `invalid_request` for a batch of `Records`, as Kinesis and SQS send, because their sender would take
 *   a response for success
 * @example
 * const { answer, record } = await handleContactFlowEvent(event, { decryptor, requestId: context.awsRequestId });
 * console.log(JSON.stringify(record));
 * return answer;
 */
export async function handleContactFlowEvent(event: unknown, options: HandleEventOptions): Promise<HandledEvent> {
  const { settings = defaultConnectSettings } = options;
  return withDeadline(settings.flowTimeLimit * 1_000 - answerMargin, options.signal, (signal) =>
    handleEvent(event, { lookupBudget: lookupBudget(), ...options, settings, signal }),
  );
}

async function handleEvent(event: unknown, options: TimedOptions): Promise<HandledEvent> {
  const { requestId, settings } = options;
  const ids = { contactId: contactIdOf(event), requestId };
  const other = otherEvent(event);
  try {
    if (other !== undefined) throw other;
    const input = parseContactFlowEvent(event, settings);
    const { keyId, consumer } = input;
    const fields = input.isCheckOnly ? input.fields.filter(isGiven) : withRequired(input, options.require);
    if (fields.length === 0) return missing(ids, 'encrypted data', ciphertextParameter, settings);
    if (settings.requireKeyId && isAbsent(keyId)) return missing(ids, 'key ID', keyIdParameter, settings);
    if (settings.requireConsumer && consumer === undefined)
      return missing(ids, 'consumer', consumerParameter, settings);
    if (options.use !== undefined && !input.isCheckOnly) assertUsable(input, ids.contactId, options);
    const answerField =
      consumer === undefined
        ? decryptField
        : fieldEncrypter(consumerNames(consumer), fields.filter(isGiven).length, ids.contactId);
    const outcomes = await settleAll(fields, options.signal, (field) => answerField(field, keyId, options));
    const answered = outcomes.map((outcome, index) => answeredField(outcome, fields[index]?.name ?? ''));
    return handledEvent(ids, answered, settings, await useAll(ids, answered, input, options));
  } catch (caught) {
    return failedEvent(ids, toFlowKeysError(caught), settings);
  }
}

/** FIELDS may name fields that the event does not contain. */
function isGiven({ value }: Field): boolean {
  return !isAbsent(value);
}

/** Adds the required fields that were not found in the event. They may be there unencrypted. */
function withRequired({ fields, parameters }: ContactFlowInput, required: readonly string[] = []): readonly Field[] {
  const absent = required.filter((name) => fields.every((field) => field.name !== name));
  return [...fields, ...absent.map((name) => ({ name, value: parameters[name] }))];
}

/** @throws FlowKeysError `not_configured`, `invalid_request` for an event whose inputs cannot be used */
function assertUsable(
  { consumer, fields }: ContactFlowInput,
  contactId: string | null,
  options: HandleEventOptions,
): void {
  if (consumer !== undefined) {
    const message = `This function uses the inputs itself. Remove the parameter '${consumerParameter}' from the flow.`;
    throw new FlowKeysError('not_configured', message);
  }
  if (fields.some(({ name }) => name === 'result')) {
    const message = 'A field cannot be named "result", which is the name of the result in the response.';
    throw new FlowKeysError('invalid_request', message);
  }
  if (contactId === null && options.withoutContactId !== true) {
    const message = 'The event has no contact id, so a repeated invocation could not be recognized.';
    throw new FlowKeysError('invalid_request', message);
  }
}

interface Used {
  readonly outcome: UseOutcome;
  readonly idempotencyKey?: string;
}

/** Calls the code that uses the inputs, if all inputs were decrypted and passed their checks. */
async function useAll(
  { contactId, requestId }: AnswerIds,
  answered: readonly AnsweredField[],
  { parameters, attributes, isCheckOnly }: ContactFlowInput,
  { use, signal, started = logStarted, ...options }: TimedOptions,
): Promise<Used | undefined> {
  const decrypted = answered.flatMap((field) => field.decrypted ?? []);
  const [first] = decrypted;
  if (use === undefined || isCheckOnly || first === undefined || decrypted.length < answered.length) return undefined;
  const failedCheck = answered.find(hasFailedCheck);
  if (failedCheck !== undefined) return { outcome: { failure: checkFailed(failedCheck) } };
  const idempotencyKey = await idempotencyKeyOf(contactId, parameters['attempt'], decrypted);
  // Code that was not called must not be reported as timed out.
  assertInTime(signal);
  started({ contactId, requestId, idempotencyKey });
  const inputs = Object.fromEntries(decrypted.map(({ name, input }) => [name, input]));
  const given = { inputs, parameters, attributes, contactId, keyId: first.keyId, idempotencyKey, signal };
  return { outcome: await useInputs({ use, ...options }, given), idempotencyKey };
}

function hasFailedCheck({ outcome }: AnsweredField): boolean {
  return 'revealed' in outcome && outcome.revealed.check !== undefined && outcome.revealed.check !== 'valid';
}

function checkFailed({ outcome: { name } }: AnsweredField): FlowKeysError {
  const message = `The input "${name}" failed its check, so the inputs were not used. Prompt the caller again.`;
  return new FlowKeysError('check_failed', message);
}

interface AnsweredField {
  readonly outcome: FieldOutcome;
  readonly record: DecryptionRecord;
  /** The code of its decryption, if it is not the record's. */
  readonly decryption?: DecryptionRecord['code'];
  readonly decrypted?: DecryptedInput;
}

async function decryptField(field: Field, keyId: unknown, options: TimedOptions): Promise<AnsweredField> {
  const { decryptor, settings } = options;
  const decrypted = await decryptor.decrypt(asCiphertext(field), decryptOptions(keyId, options));
  const input = textOf(decrypted);
  const { keyId: usedKeyId, messageId } = decrypted;
  const check = settings.checks.get(field.name)?.(input, Date.now());
  const policies = settings.reveal ?? (options.use ? revealNothing : revealEverything);
  const revealed = { ...reveal(input, field.name, policies), ...(check && { check }) };
  return {
    outcome: { name: field.name, revealed },
    record: successRecord(decrypted),
    decrypted: { name: field.name, input, keyId: usedKeyId, messageId },
  };
}

/** Creates a function that encrypts a field for the consumers that the flow names. */
function fieldEncrypter(consumers: readonly string[], fields: number, contactId: string | null) {
  if (consumers.length === 0) {
    const message = `The parameter '${consumerParameter}' is empty. Name consumers in the flow, or remove it to return inputs in the clear.`;
    throw new FlowKeysError('missing_parameter', message);
  }
  if (consumers.length * fields > maxConsumers) {
    const message = `${fields} inputs for ${consumers.length} consumers need ${fields * consumers.length} ciphertexts, but at most ${maxConsumers} are created in one call. Name fewer FIELDS or consumers.`;
    throw new FlowKeysError('invalid_request', message);
  }

  return async function encryptField(field: Field, keyId: unknown, options: TimedOptions): Promise<AnsweredField> {
    const { relay, settings, allowedConsumers = [everything], allowedFields, audit } = options;
    if (relay === undefined) throw new FlowKeysError('not_configured', 'No consumer store is configured.');
    const { outcomes, decrypted } = await relay.reencrypt(asCiphertext(field), {
      ...decryptOptions(keyId, options),
      field: field.name,
      consumers,
      ...(contactId !== null && { contactId }),
      allowedConsumers: inBoth(settings.consumers, allowedConsumers),
      ...(allowedFields && { allowedFields }),
      ...(audit && { audit }),
    });
    const outcome = { name: field.name, encrypted: outcomes };
    const [failure] = failuresOf(outcome);
    return {
      outcome,
      record: { ...decrypted, ...(failure ? errorRecord(failure) : { code: 'ok' }) },
      ...(decrypted && { decryption: 'ok' }),
    };
  };
}

function decryptOptions(keyId: unknown, { allowedKeyIds, lookupBudget, signal }: HandleEventOptions): DecryptOptions {
  return {
    ...givenKeyId(keyId),
    ...(allowedKeyIds && { allowedKeyIds }),
    ...(lookupBudget && { lookupBudget }),
    ...(signal && { signal }),
  };
}

function givenKeyId(keyId: unknown): Pick<DecryptOptions, 'keyId'> {
  if (isAbsent(keyId)) return {};
  assertKeyId(keyId);
  return { keyId };
}

function answeredField(settled: PromiseSettledResult<AnsweredField>, name: string): AnsweredField {
  if (settled.status === 'fulfilled') return settled.value;
  const failure = toFlowKeysError(settled.reason);
  return { outcome: { name, failure }, record: errorRecord(failure) };
}

function textOf({ plaintext, keyId }: DecryptResult): string {
  const text = decodeUtf8(plaintext);
  if (text !== undefined) return text;
  const message = 'The decrypted input is not UTF-8 text, so Connect did not encrypt it.';
  throw new FlowKeysError('unsupported_message', message, { keyId });
}

function handledEvent(
  ids: AnswerIds,
  answered: readonly AnsweredField[],
  settings: ConnectSettings,
  use: Used | undefined,
): HandledEvent {
  const outcomes = answered.map(({ outcome }) => outcome);
  const records = answered.map(({ record }) => record);
  const decryptions = answered.map(({ record, decryption = record.code }) => decryption);
  const first = records.find(({ code }) => code !== 'ok') ?? records[0];
  const failedChecks = answered.filter(hasFailedCheck).length;
  const notEncrypted = records.filter(({ code }) => code === 'not_encrypted').length;
  return {
    answer: answerOf(ids, outcomes, settings.answer, use?.outcome),
    record: {
      ...ids,
      code: 'ok',
      ...first,
      ...(records.length > 1 && { outcomes: records.map(({ code }) => code) }),
      ...(records.some(({ code }, index) => code !== decryptions[index]) && { decryptions }),
      ...(failedChecks > 0 && { failedChecks }),
      ...(notEncrypted > 0 && { notEncrypted }),
      ...(use && useRecord(use)),
    },
    failures: [...outcomes.flatMap(failuresOf), ...(use && 'failure' in use.outcome ? [use.outcome.failure] : [])],
  };
}

/** The log record of a use. It never contains the result. */
function useRecord({ outcome, idempotencyKey }: Used): Partial<ConnectRecord> {
  const key = idempotencyKey !== undefined && { idempotencyKey };
  if ('declined' in outcome) return { ...key, use: outcome.declined };
  if ('failure' in outcome) return { ...key, ...errorRecord(outcome.failure), use: outcome.failure.code };
  const { withheld } = outcome;
  return { ...key, use: 'ok', ...(withheld.length > 0 && { result_withheld: withheld }) };
}

function missing(ids: AnswerIds, what: string, parameter: string, settings: ConnectSettings): HandledEvent {
  const message = `Missing ${what} parameter '${parameter}'`;
  const detail = `${message}. Set it in the flow's Invoke AWS Lambda function block.`;
  const failure = new FlowKeysError('missing_parameter', detail);
  return failedEvent(ids, failure, settings, { message, error: 'Missing required parameter' });
}

/** The result for an event that failed as a whole. `texts` are those of the AWS article. */
function failedEvent(
  ids: AnswerIds,
  failure: FlowKeysError,
  { answer: form }: ConnectSettings,
  texts?: { readonly message: string; readonly error: string },
): HandledEvent {
  const answer = failureAnswer(ids, failure, form, texts);
  return { answer, record: { ...ids, ...errorRecord(failure) }, failures: [failure] };
}
