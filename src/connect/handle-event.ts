import type { Decryptor } from '../decryptor.ts';
import { FlowKeysError, toFlowKeysError } from '../errors.ts';
import { assertKeyId } from '../keys/key-id.ts';
import { type DecryptionRecord, errorRecord, successRecord } from '../record.ts';
import { decodeUtf8 } from '../text.ts';
import {
  type AnswerIds,
  type ContactFlowAnswer,
  decryptionFailedAnswer,
  missingParameterAnswer,
  successAnswer,
} from './answer.ts';
import { asCiphertext, ciphertextParameter, isAbsent, keyIdParameter, parseContactFlowEvent } from './event.ts';

export interface HandledEvent {
  readonly answer: ContactFlowAnswer;
  /** What may be logged of the call. */
  readonly record: AnswerIds & DecryptionRecord;
}

export interface HandleEventOptions {
  readonly decryptor: Decryptor;
  readonly requestId: string;
  /** The key ids that the caller may use. Default: all. */
  readonly allowedKeyIds?: readonly string[];
  readonly signal?: AbortSignal;
}

/**
 * Answers a ContactFlowEvent: the flow's parameters `key-id` and `my-secret-string` in, the decrypted
 * text out. It never throws: a flow can read an answer, not an exception.
 *
 * @param event what Connect invoked the function with
 */
export async function handleContactFlowEvent(event: unknown, options: HandleEventOptions): Promise<HandledEvent> {
  const { contactId, keyId, ciphertext } = parseContactFlowEvent(event);
  const ids = { contactId, requestId: options.requestId };
  for (const [parameter, name, what] of [
    [ciphertext, ciphertextParameter, 'encrypted data'],
    [keyId, keyIdParameter, 'key ID'],
  ]) {
    if (!isAbsent(parameter)) continue;
    const answer = missingParameterAnswer(ids, `Missing ${what} parameter '${name}'`);
    return { answer, record: { ...ids, code: 'missing_parameter' } };
  }
  try {
    return await decryptParameter(ids, keyId, asCiphertext(ciphertext), options);
  } catch (caught) {
    const error = toFlowKeysError(caught);
    return { answer: decryptionFailedAnswer(ids, error), record: { ...ids, ...errorRecord(error) } };
  }
}

async function decryptParameter(
  ids: AnswerIds,
  keyId: unknown,
  ciphertext: string,
  { decryptor, allowedKeyIds, signal }: HandleEventOptions,
): Promise<HandledEvent> {
  assertKeyId(keyId);
  const decrypted = await decryptor.decrypt(ciphertext, {
    keyId,
    ...(allowedKeyIds && { allowedKeyIds }),
    ...(signal && { signal }),
  });
  const text = decodeUtf8(decrypted.plaintext);
  if (text === undefined) {
    const message = 'The decrypted input is not UTF-8 text, so Connect did not make it.';
    throw new FlowKeysError('unsupported_message', message, { keyId });
  }
  return { answer: successAnswer(ids, text), record: { ...ids, ...successRecord(decrypted) } };
}
