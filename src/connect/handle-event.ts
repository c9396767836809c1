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
  missingParameterAnswer,
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

/** The response to an event, and its log record. */
export interface HandledEvent {
  readonly answer: ContactFlowAnswer;
  /** What may be logged of the call. */
  readonly record: AnswerIds & ConnectRecord;
  /** Why fields failed, in their order, or the event as a whole; none where all went well. */
  readonly failures: readonly FlowKeysError[];
}

/** Of an event with several fields: `code` is that of the first that failed, or `ok`. */
export interface ConnectRecord extends DecryptionRecord {
  /** What became of each field, in their order; absent where there is one. */
  readonly outcomes?: readonly DecryptionRecord['code'][];
  /** Where inputs were decrypted that did not reach each of their consumers: what became of each decryption. */
  readonly decryptions?: readonly DecryptionRecord['code'][];
  /** What became of the use of the inputs: `ok`, an error code, or a code of the author's own. */
  readonly use?: string;
  /** By which the gateway knows the call. */
  readonly idempotencyKey?: string;
  /** The members of the result that may not leave the function; `*` for one whose name may not, either. */
  readonly result_withheld?: readonly string[];
  /** How many inputs did not pass their check. */
  readonly failedChecks?: number;
  /** How many inputs came unencrypted. */
  readonly notEncrypted?: number;
}

/** Options of {@link handleContactFlowEvent}. */
export interface HandleEventOptions extends Partial<UseOptions> {
  readonly decryptor: Decryptor;
  readonly requestId: string;
  /** Default: those of the article. */
  readonly settings?: ConnectSettings;
  /** The key ids that the caller may use. Default: all. */
  readonly allowedKeyIds?: readonly string[];
  /** Encrypts for the consumers that a flow names. Default: none, so that such an event is `not_configured`. */
  readonly relay?: Relay;
  /** Those consumers of the settings' that the caller may encrypt for. Default: all of the settings'. */
  readonly allowedConsumers?: readonly string[];
  /** The fields that the caller may have encrypted for consumers. Default: all that those may have. */
  readonly allowedFields?: readonly string[];
  /** Told what became of each field for each consumer. */
  readonly audit?: (record: ReencryptionRecord) => void | Promise<void>;
  /** How many names may be looked up of which nothing is known. Default: 8 that no store has. */
  readonly lookupBudget?: LookupBudget;
  readonly signal?: AbortSignal;
}

/** With the signal that ends in time for the flow. */
interface TimedOptions extends HandleEventOptions {
  readonly settings: ConnectSettings;
  readonly signal: AbortSignal;
}

/** Time, in milliseconds, to answer in before the flow stops waiting: it can branch on an answer, not on a time-out. */
export const answerMargin = 500;

/**
 * Answers a ContactFlowEvent: the flow's parameters in, the decrypted inputs out; or, where the flow names consumers,
 * the inputs encrypted for these, and nothing in the clear. It throws for a batch of records alone, whose sender would take an
 * answer for success: a flow can read an answer, not an exception.
 *
 * @param event what Connect invoked the function with
 * @throws FlowKeysError `invalid_request` for an event with `Records`, as Kinesis and SQS send it
 */
export async function handleContactFlowEvent(event: unknown, given: HandleEventOptions): Promise<HandledEvent> {
  const { settings = defaultConnectSettings } = given;
  return withDeadline(settings.flowTimeLimit * 1_000 - answerMargin, given.signal, (signal) =>
    handleEvent(event, { lookupBudget: lookupBudget(), ...given, settings, signal }),
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
    const fields = input.isCheckOnly
      ? input.fields.filter(({ value }) => !isAbsent(value))
      : withRequired(input, options.require);
    if (fields.length === 0) return missing(ids, 'encrypted data', ciphertextParameter, settings);
    if (settings.requireKeyId && isAbsent(keyId)) return missing(ids, 'key ID', keyIdParameter, settings);
    if (settings.requireConsumer && consumer === undefined)
      return missing(ids, 'consumer', consumerParameter, settings);
    if (options.use !== undefined && !input.isCheckOnly) assertUsable(input, options);
    const answerField =
      consumer === undefined
        ? decryptField
        : fieldEncrypter(consumerNames(consumer), countGiven(fields), ids.contactId);
    const outcomes = await settleAll(fields, options.signal, (field) => answerField(field, keyId, options));
    const answered = outcomes.map((outcome, index) => answeredField(outcome, fields[index]?.name ?? ''));
    return handled(ids, answered, settings, await used(ids, answered, input, options));
  } catch (caught) {
    const failure = toFlowKeysError(caught);
    const answer = failureAnswer(ids, failure, settings.answer);
    return { answer, record: { ...ids, ...errorRecord(failure) }, failures: [failure] };
  }
}

/** The fields of the event, and those that must be there: one that was not encrypted is not found among the former. */
function withRequired({ fields, parameters }: ContactFlowInput, required: readonly string[] = []): readonly Field[] {
  const absent = required.filter((name) => fields.every((field) => field.name !== name));
  return [...fields, ...absent.map((name) => ({ name, value: parameters[name] }))];
}

/** @throws FlowKeysError `not_configured`, `invalid_request` for an event whose inputs cannot be used */
function assertUsable({ consumer, contactId, fields }: ContactFlowInput, options: HandleEventOptions): void {
  if (consumer !== undefined) {
    const message = `The function uses the inputs itself: leave the parameter '${consumerParameter}' out of the flow.`;
    throw new FlowKeysError('not_configured', message);
  }
  if (fields.some(({ name }) => name === 'result')) {
    throw new FlowKeysError(
      'invalid_request',
      'A field may not be called "result": what the function returns stands there.',
    );
  }
  if (contactId === null && options.withoutContactId !== true) {
    const message = 'The event names no contact, so that nobody could tell a second invocation from a new one.';
    throw new FlowKeysError('invalid_request', message);
  }
}

interface Used {
  readonly outcome: UseOutcome;
  readonly idempotencyKey?: string;
}

/** Calls the author's code once all inputs were decrypted and have passed their checks. */
async function used(
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
  // What is not called is not unknown.
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
  const message = `The input "${name}" did not pass its check, so nothing was done with the inputs. Ask the caller again.`;
  return new FlowKeysError('check_failed', message);
}

/** How many fields hold something: FIELDS may name some that an event has not. */
function countGiven(fields: readonly Field[]): number {
  return fields.filter(({ value }) => !isAbsent(value)).length;
}

interface AnsweredField {
  readonly outcome: FieldOutcome;
  readonly record: DecryptionRecord;
  /** What became of its decryption, where that is not the record's code. */
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

/** Encrypts a field for the consumers that the flow names. */
function fieldEncrypter(consumers: readonly string[], fields: number, contactId: string | null) {
  if (consumers.length === 0) {
    const message = `The parameter '${consumerParameter}' names no consumer. Set it in the flow, or leave it out to have inputs in the clear.`;
    throw new FlowKeysError('missing_parameter', message);
  }
  if (consumers.length * fields > maxConsumers) {
    const message = `${fields} inputs for ${consumers.length} consumers are asked for; at most ${maxConsumers} ciphertexts are made in one call.`;
    throw new FlowKeysError('invalid_request', message);
  }

  return async function encryptField(field: Field, keyId: unknown, options: TimedOptions): Promise<AnsweredField> {
    const { relay, settings, allowedConsumers = [everything], allowedFields, audit } = options;
    if (relay === undefined) throw new FlowKeysError('not_configured', 'No store of consumers is configured.');
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
  const message = 'The decrypted input is not UTF-8 text, so Connect did not make it.';
  throw new FlowKeysError('unsupported_message', message, { keyId });
}

function handled(
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

/** What is logged of a use: never its result. */
function useRecord({ outcome, idempotencyKey }: Used): Partial<ConnectRecord> {
  const key = idempotencyKey !== undefined && { idempotencyKey };
  if ('declined' in outcome) return { ...key, use: outcome.declined };
  if ('failure' in outcome) return { ...key, ...errorRecord(outcome.failure), use: outcome.failure.code };
  const { withheld } = outcome;
  return { ...key, use: 'ok', ...(withheld.length > 0 && { result_withheld: withheld }) };
}

function missing(ids: AnswerIds, what: string, parameter: string, settings: ConnectSettings): HandledEvent {
  const message = `Missing ${what} parameter '${parameter}'`;
  const failure = new FlowKeysError(
    'missing_parameter',
    `${message}. Set it in the flow's Invoke AWS Lambda function block.`,
  );
  const answer = missingParameterAnswer(ids, failure, message, settings.answer);
  return { answer, record: { ...ids, ...errorRecord(failure) }, failures: [failure] };
}
