import type { ConsumerFormat } from '../consumers/consumer.ts';
import { type ErrorCode, errorCodes, FlowKeysError } from '../errors.ts';
import type { ConsumerOutcome } from '../relay/relay.ts';
import { ciphertextParameter } from './event.ts';
import type { Revealed } from './reveal.ts';
import type { UseOutcome, UseResult } from './use.ts';

/** What became of a field. */
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

/** A field of the nested answer. */
export type FieldAnswer =
  | ({ readonly success: true } & Revealed)
  | { readonly success: boolean; readonly consumers: ConsumerAnswers }
  | FailureAnswer;

/** What became of a field for each consumer, by their names. */
export type ConsumerAnswers = Readonly<
  Record<
    string,
    { readonly success: true; readonly format: ConsumerFormat; readonly ciphertext: string } | FailureAnswer
  >
>;

/** Ids that an answer repeats, so that it can be found in the logs. */
export interface AnswerIds {
  readonly contactId: string | null;
  readonly requestId: string;
}

interface AnswerData extends AnswerIds, Partial<Revealed> {
  readonly message: string;
  /** Of `my-secret-string`, where the flow names consumers: then no field is answered in the clear. */
  readonly consumers?: ConsumerAnswers;
  /** The fields but for the article's own, `my-secret-string`, whose outcome stands beside `message`. */
  readonly fields?: Readonly<Record<string, FieldAnswer>>;
  /** What the function's own code returned. */
  readonly result?: UseResult;
  /** Members of it that hold an input, or are not texts, numbers or booleans; `*` for one whose name may not be said. */
  readonly withheld?: readonly string[];
}

/**
 * What the Lambda answers to the flow, which reads it under `$.External`, for example
 * `$.External.data.decryptedData`. Names and messages are those of the article this product implements,
 * and stay as they are; `code` and `detail` are this product's.
 */
export type NestedAnswer =
  | { readonly 'status-code': 200; readonly data: AnswerData & { readonly success: true } }
  | {
      readonly 'status-code': 500;
      readonly data: AnswerData & { readonly success: false };
      /** The same text for the same code. */
      readonly error: string;
      /** One of {@link errorCodes}, or a code that the function's own code declares. */
      readonly code: string;
      /** What happened, with which key id, and what to do next. */
      readonly detail: string;
    };

/** The same for the response validation STRING_MAP: texts alone, under names of letters, digits, `-` and `_`. */
export type FlatAnswer = Readonly<Record<string, string>>;

/** The response that a flow reads: nested, or flat texts for the response validation STRING_MAP. */
export type ContactFlowAnswer = NestedAnswer | FlatAnswer;

/** Connect refuses an answer of 32 KB: https://docs.aws.amazon.com/connect/latest/adminguide/connect-lambda-functions.html */
const maxAnswerBytes = 32 * 1024 - 1;

/** The answer in the asked-for form, or one that says that it would be too large. */
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
    'The answer would reach the 32 KB that Connect takes. Reveal less with REVEAL, return less from the code that uses the inputs, or name fewer FIELDS or consumers.',
  );
  return failureAnswer(ids, failure, form);
}

/** The answer to an event of which no field was decrypted. */
export function failureAnswer(ids: AnswerIds, failure: FlowKeysError, form: 'nested' | 'flat'): ContactFlowAnswer {
  return inForm(
    { 'status-code': 500, data: { success: false, message: 'Decryption failed', ...ids }, ...errorMembers(failure) },
    form,
  );
}

/** The article's answers to an event without one of its parameters. */
export function missingParameterAnswer(
  ids: AnswerIds,
  failure: FlowKeysError,
  message: string,
  form: 'nested' | 'flat',
): ContactFlowAnswer {
  const members = { ...errorMembers(failure), error: 'Missing required parameter' };
  return inForm({ 'status-code': 500, data: { success: false, message, ...ids }, ...members }, form);
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
    return { 'status-code': 200, data: { success: true, message, ...ids, ...members } };
  }
  const message = isForConsumers ? 'Re-encryption failed' : 'Decryption failed';
  return { 'status-code': 500, data: { success: false, message, ...ids, ...members }, ...errorMembers(failure) };
}

const useMessages: Readonly<Partial<Record<ErrorCode, string>>> = {
  check_failed: 'Check failed',
  use_failed: 'Use failed',
  use_timed_out: 'Use timed out',
};

/** The answer where the function's own code was to use the inputs. */
function usedAnswer(members: AnswerIds & Partial<AnswerData>, used: UseOutcome): NestedAnswer {
  if ('declined' in used) {
    return {
      'status-code': 500,
      data: { success: false, message: 'Use declined', ...members },
      error: 'The inputs were declined',
      code: used.declined,
      detail: `The code that uses the inputs ended with ${used.declined}.`,
    };
  }
  if ('failure' in used) {
    const message = useMessages[used.failure.code] ?? 'Use failed';
    return { 'status-code': 500, data: { success: false, message, ...members }, ...errorMembers(used.failure) };
  }
  const { result, withheld } = used;
  return {
    'status-code': 200,
    data: {
      success: true,
      message: 'Data used successfully',
      ...members,
      result,
      ...(withheld.length > 0 && { withheld }),
    },
  };
}

/** Why a field failed, or was not encrypted for some of its consumers. */
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
      if (Array.isArray(value)) flat[free(prefix + name, flat)] = value.join(' ');
      else if (typeof value === 'object' && value !== null) add(`${prefix}${name}_`, value);
      else flat[free(prefix + name, flat)] = String(value ?? '');
    }
  }
  add('', { ...members, ...top });
  for (const [name, field] of Object.entries(fields)) add(`${name}_`, field);
  return flat;
}

/** The name with the characters that Connect allows, and a number where two names become the same. */
function free(name: string, taken: Readonly<Record<string, string>>): string {
  const allowed = name.replace(/[^A-Za-z0-9_-]/g, '_');
  let candidate = allowed;
  for (let count = 2; Object.hasOwn(taken, candidate); count += 1) candidate = `${allowed}_${count}`;
  return candidate;
}
