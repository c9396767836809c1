import type { DecryptOptions, Decryptor, DecryptResult } from '../decryptor.ts';
import { FlowKeysError, toFlowKeysError } from '../errors.ts';
import { assertKeyId } from '../keys/key-id.ts';
import { type DecryptionRecord, errorRecord, successRecord } from '../record.ts';
import { decodeUtf8 } from '../text.ts';
import {
  type AnswerIds,
  answerOf,
  type ContactFlowAnswer,
  type FieldOutcome,
  failureAnswer,
  missingParameterAnswer,
} from './answer.ts';
import {
  asCiphertext,
  ciphertextParameter,
  contactIdOf,
  type Field,
  isAbsent,
  keyIdParameter,
  parseContactFlowEvent,
} from './event.ts';
import { reveal } from './reveal.ts';
import { type ConnectSettings, defaultConnectSettings } from './settings.ts';

export interface HandledEvent {
  readonly answer: ContactFlowAnswer;
  /** What may be logged of the call. */
  readonly record: AnswerIds & ConnectRecord;
  /** Why the first field that failed did, or the event as a whole. */
  readonly failure?: FlowKeysError;
}

/** Of an event with several fields: `code` is that of the first that failed, or `ok`. */
export interface ConnectRecord extends DecryptionRecord {
  /** What became of each field, in their order; absent where there is one. */
  readonly outcomes?: readonly DecryptionRecord['code'][];
}

export interface HandleEventOptions {
  readonly decryptor: Decryptor;
  readonly requestId: string;
  /** Default: those of the article. */
  readonly settings?: ConnectSettings;
  /** The key ids that the caller may use. Default: all. */
  readonly allowedKeyIds?: readonly string[];
  readonly signal?: AbortSignal;
}

/**
 * Answers a ContactFlowEvent: the flow's parameters in, the decrypted inputs out. It never throws: a flow
 * can read an answer, not an exception.
 *
 * @param event what Connect invoked the function with
 */
export async function handleContactFlowEvent(event: unknown, options: HandleEventOptions): Promise<HandledEvent> {
  const { requestId, settings = defaultConnectSettings } = options;
  const ids = { contactId: contactIdOf(event), requestId };
  try {
    const { keyId, fields } = parseContactFlowEvent(event, settings);
    if (fields.length === 0) return missing(ids, 'encrypted data', ciphertextParameter, settings);
    if (settings.requireKeyId && isAbsent(keyId)) return missing(ids, 'key ID', keyIdParameter, settings);
    const decrypted = await Promise.all(fields.map((field) => decryptField(field, keyId, options)));
    return handled(ids, decrypted, settings);
  } catch (caught) {
    const failure = toFlowKeysError(caught);
    const answer = failureAnswer(ids, failure, settings.answer);
    return { answer, record: { ...ids, ...errorRecord(failure) }, failure };
  }
}

interface DecryptedField {
  readonly outcome: FieldOutcome;
  readonly record: DecryptionRecord;
}

async function decryptField(field: Field, keyId: unknown, options: HandleEventOptions): Promise<DecryptedField> {
  const { decryptor, allowedKeyIds, signal, settings = defaultConnectSettings } = options;
  try {
    const decrypted = await decryptor.decrypt(asCiphertext(field), {
      ...givenKeyId(keyId),
      ...(allowedKeyIds && { allowedKeyIds }),
      ...(signal && { signal }),
    });
    const revealed = reveal(textOf(decrypted), field.name, settings.reveal);
    return { outcome: { name: field.name, revealed }, record: successRecord(decrypted) };
  } catch (caught) {
    const failure = toFlowKeysError(caught);
    return { outcome: { name: field.name, failure }, record: errorRecord(failure) };
  }
}

function givenKeyId(keyId: unknown): Pick<DecryptOptions, 'keyId'> {
  if (isAbsent(keyId)) return {};
  assertKeyId(keyId);
  return { keyId };
}

function textOf({ plaintext, keyId }: DecryptResult): string {
  const text = decodeUtf8(plaintext);
  if (text !== undefined) return text;
  const message = 'The decrypted input is not UTF-8 text, so Connect did not make it.';
  throw new FlowKeysError('unsupported_message', message, { keyId });
}

function handled(ids: AnswerIds, decrypted: readonly DecryptedField[], settings: ConnectSettings): HandledEvent {
  const outcomes = decrypted.map(({ outcome }) => outcome);
  const records = decrypted.map(({ record }) => record);
  const failed = outcomes.find((outcome) => 'failure' in outcome);
  const first = records.find(({ code }) => code !== 'ok') ?? records[0];
  return {
    answer: answerOf(ids, outcomes, settings.answer),
    record: {
      ...ids,
      code: 'ok',
      ...first,
      ...(records.length > 1 && { outcomes: records.map(({ code }) => code) }),
    },
    ...(failed && { failure: failed.failure }),
  };
}

function missing(ids: AnswerIds, what: string, parameter: string, settings: ConnectSettings): HandledEvent {
  const message = `Missing ${what} parameter '${parameter}'`;
  const failure = new FlowKeysError(
    'missing_parameter',
    `${message}. Set it in the flow's Invoke AWS Lambda function block.`,
  );
  const answer = missingParameterAnswer(ids, failure, message, settings.answer);
  return { answer, record: { ...ids, ...errorRecord(failure) }, failure };
}
