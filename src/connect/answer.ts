import type { ConsumerFormat } from '../consumers/consumer.ts';
import { isRecord } from '../encoding/json.ts';
import { type ErrorCode, errorCodes, FlowKeysError } from '../errors.ts';
import type { ConsumerOutcome } from '../relay/relay.ts';
import { ciphertextParameter } from './event.ts';
import type { Revealed } from './reveal.ts';
import type { UseOutcome, UseResult } from './use.ts';

/** The outcome for one field. */
export type FieldOutcome =
  | { readonly name: string; readonly revealed: Revealed }
  | { readonly name: string; readonly encrypted: readonly ConsumerOutcome[] }
  | { readonly name: string; readonly failure: FlowKeysError };

interface FailureAnswer {
  readonly success: false;
  readonly error: string;
  readonly code: ErrorCode;
  readonly detail: string;
}

/** One field of the nested response. */
export type FieldAnswer =
  | ({ readonly success: true } & Revealed)
  | { readonly success: boolean; readonly consumers: ConsumerAnswers }
  | FailureAnswer;

/** The outcome of a field for each consumer, by name. */
export type ConsumerAnswers = Readonly<
  Record<
    string,
    { readonly success: true; readonly format: ConsumerFormat; readonly ciphertext: string } | FailureAnswer
  >
>;

/** The ids in a response, to find it in the logs. */
export interface AnswerIds {
  readonly contactId: string | null;
  readonly requestId: string;
}

interface AnswerData extends AnswerIds, Partial<Revealed> {
  readonly message: string;
  /** The outcomes of `my-secret-string` when the flow names consumers. No field is in the clear then. */
  readonly consumers?: ConsumerAnswers;
  /** All fields except the article's `my-secret-string`, whose outcome is beside `message`. */
  readonly fields?: Readonly<Record<string, FieldAnswer>>;
  /** What the code that uses the inputs returned. */
  readonly result?: UseResult;
  /** Its members that were withheld: they contain an input, or are not strings, numbers or booleans. `*` hides a name. */
  readonly withheld?: readonly string[];
}

/**
 * The response of the Lambda function, which the flow reads under `$.External`, for example as
 * `$.External.data.decryptedData`. Names and messages are those of the AWS article that this product implements, and do
 * not change. `code` and `detail` are ours.
 */
export type NestedAnswer =
  | { readonly 'status-code': 200; readonly data: AnswerData & { readonly success: true } }
  | {
      readonly 'status-code': 500;
      readonly data: AnswerData & { readonly success: false };
      /** The title of the code. */
      readonly error: string;
      /** One of {@link errorCodes}, or a code that {@link UseOptions.codes} declares. */
      readonly code: string;
      /** What happened, with which key id, and what to do next. */
      readonly detail: string;
    };

/** The response for the response validation STRING_MAP: only strings, with names of letters, digits, `-` and `_`. */
export type FlatAnswer = Readonly<Record<string, string>>;

/** The response that a flow reads: nested, or flat for the response validation STRING_MAP. */
export type ContactFlowAnswer = NestedAnswer | FlatAnswer;

/** Connect rejects a response of 32 KB: https://docs.aws.amazon.com/connect/latest/adminguide/connect-lambda-functions.html */
const maxAnswerBytes = 32 * 1024 - 1;

/** Builds the response in the requested form, or one that says that it would be too large. */
export function answerOf(
  ids: AnswerIds,
  outcomes: readonly FieldOutcome[],
  form: 'nested' | 'flat',
  used?: UseOutcome,
): ContactFlowAnswer {
  const answer = inForm(nestedAnswer(ids, outcomes, used), form);
  if (new TextEncoder().encode(JSON.stringify(answer)).length <= maxAnswerBytes) return answer;
  const failure = new FlowKeysError(
    'answer_too_large',
    'The response would reach 32 KB, which Connect rejects. Reveal less with REVEAL, return less from the code that uses the inputs, or name fewer FIELDS or consumers.',
  );
  return failureAnswer(ids, failure, form);
}

/** Builds the response to an event that failed as a whole. */
export function failureAnswer(
  ids: AnswerIds,
  failure: FlowKeysError,
  form: 'nested' | 'flat',
  { message = 'Decryption failed', error = errorCodes[failure.code] }: { message?: string; error?: string } = {},
): ContactFlowAnswer {
  return inForm(failed(message, ids, { ...errorMembers(failure), error }), form);
}

function nestedAnswer(ids: AnswerIds, outcomes: readonly FieldOutcome[], used: UseOutcome | undefined): NestedAnswer {
  const [failure] = outcomes.flatMap(failuresOf);
  const article = outcomes.find(({ name }) => name === ciphertextParameter);
  const others = outcomes.filter((outcome) => outcome !== article);
  const members = {
    ...(article && 'revealed' in article && article.revealed),
    ...(article && 'encrypted' in article && { consumers: consumerAnswers(article.encrypted) }),
    ...(others.length > 0 && {
      fields: Object.fromEntries(others.map((outcome) => [outcome.name, fieldAnswer(outcome)])),
    }),
  };
  if (used !== undefined) return usedAnswer({ ...ids, ...members }, used);
  const isForConsumers = outcomes.some((outcome) => 'encrypted' in outcome);
  if (failure === undefined) {
    const message = isForConsumers ? 'Data re-encrypted successfully' : 'Data decrypted successfully';
    return succeeded(message, { ...ids, ...members });
  }
  const message = isForConsumers ? 'Re-encryption failed' : 'Decryption failed';
  return failed(message, { ...ids, ...members }, errorMembers(failure));
}

type AnswerMembers = Omit<AnswerData, 'message'>;

function succeeded(message: string, members: AnswerMembers): NestedAnswer {
  return { 'status-code': 200, data: { success: true, message, ...members } };
}

function failed(
  message: string,
  members: AnswerMembers,
  error: { error: string; code: string; detail: string },
): NestedAnswer {
  return { 'status-code': 500, data: { success: false, message, ...members }, ...error };
}

const useMessages: Readonly<Partial<Record<ErrorCode, string>>> = {
  check_failed: 'Check failed',
  use_timed_out: 'Use timed out',
};

/** The response of a function with code that uses the inputs. */
function usedAnswer(members: AnswerMembers, used: UseOutcome): NestedAnswer {
  if ('declined' in used) {
    const detail = `The code that uses the inputs returned the code ${used.declined}.`;
    return failed('Use declined', members, { error: 'The inputs were declined', code: used.declined, detail });
  }
  if ('failure' in used) {
    return failed(useMessages[used.failure.code] ?? 'Use failed', members, errorMembers(used.failure));
  }
  const { result, withheld } = used;
  return succeeded('Data used successfully', { ...members, result, ...(withheld.length > 0 && { withheld }) });
}

/** The errors of a field: its own, or those of its consumers. */
export function failuresOf(outcome: FieldOutcome): readonly FlowKeysError[] {
  if ('failure' in outcome) return [outcome.failure];
  if (!('encrypted' in outcome)) return [];
  return outcome.encrypted.flatMap((consumer) => ('failure' in consumer ? [consumer.failure] : []));
}

function fieldAnswer(outcome: FieldOutcome): FieldAnswer {
  if ('revealed' in outcome) return { success: true, ...outcome.revealed };
  if ('failure' in outcome) return { success: false, ...errorMembers(outcome.failure) };
  return { success: failuresOf(outcome).length === 0, consumers: consumerAnswers(outcome.encrypted) };
}

function consumerAnswers(outcomes: readonly ConsumerOutcome[]): ConsumerAnswers {
  return Object.fromEntries(
    outcomes.map(({ consumer, ...outcome }) => [
      consumer,
      'failure' in outcome ? { success: false, ...errorMembers(outcome.failure) } : { success: true, ...outcome },
    ]),
  );
}

function errorMembers({ code, message }: FlowKeysError) {
  return { error: errorCodes[code], code, detail: message };
}

function inForm(answer: NestedAnswer, form: 'nested' | 'flat'): ContactFlowAnswer {
  return form === 'nested' ? answer : flatAnswer(answer);
}

function flatAnswer({ data, ...members }: NestedAnswer): FlatAnswer {
  const { fields = {}, ...top } = data;
  const flat: Record<string, string> = {};
  function add(prefix: string, values: object): void {
    const isSuccess = 'success' in values && values.success === true;
    for (const [name, value] of Object.entries({ ...(isSuccess && { code: 'ok' }), ...values })) {
      if (Array.isArray(value)) flat[freeName(prefix + name, flat)] = value.join(' ');
      else if (isRecord(value)) add(`${prefix}${name}_`, value);
      else flat[freeName(prefix + name, flat)] = String(value ?? '');
    }
  }
  add('', { ...members, ...top });
  for (const [name, field] of Object.entries(fields)) add(`${name}_`, field);
  return flat;
}

/** Returns the name in the characters that Connect allows, with a number if it is taken. */
function freeName(name: string, taken: Readonly<Record<string, string>>): string {
  const allowed = name.replace(/[^A-Za-z0-9_-]/g, '_');
  let candidate = allowed;
  for (let count = 2; Object.hasOwn(taken, candidate); count += 1) candidate = `${allowed}_${count}`;
  return candidate;
}
