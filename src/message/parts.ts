import { FlowKeysError } from '../errors.ts';
import { ciphertextBytes } from './ciphertext.ts';
import { defaultMaxCiphertextBytes } from './inspect.ts';
import { parseMessage } from './message.ts';
import { type MessageReader, messageReader } from './reader.ts';
import { messagePolicies } from './suites.ts';

export type PartName =
  | 'header'
  | 'message id'
  | 'context'
  | 'data keys'
  | 'format'
  | 'authentication'
  | 'body'
  | 'signature'
  | 'unread';

/** A range of bytes in the message. `end` is exclusive. */
export interface MessagePart {
  readonly name: PartName;
  readonly start: number;
  readonly end: number;
}

/** The part that each field belongs to. Every other field is part of the header. */
const partOfField: Readonly<Record<string, PartName>> = {
  'message id': 'message id',
  'encryption context': 'context',
  'encrypted data keys': 'data keys',
  'content type': 'format',
  header: 'format',
  'frame length': 'format',
  'header authentication': 'authentication',
  frame: 'body',
  'final frame': 'body',
  body: 'body',
  signature: 'signature',
};

/**
 * Splits a message into its parts, in order, without a key. What cannot be parsed is one last part, `unread`.
 *
 * @throws FlowKeysError as `inspect` does for text that is not base64
 */
export function messageParts(ciphertext: string): readonly MessagePart[] {
  const bytes = ciphertextBytes(ciphertext, defaultMaxCiphertextBytes);
  const parts: MessagePart[] = [];
  const reader = recordingReader(messageReader(bytes), (field, start, end) => {
    const name = partOfField[field] ?? 'header';
    const last = parts.at(-1);
    if (last?.name === name) parts.splice(-1, 1, { ...last, end });
    else parts.push({ name, start, end });
  });
  try {
    parseMessage(bytes, messagePolicies.inspect, reader);
  } catch (error) {
    if (!(error instanceof FlowKeysError)) throw error;
  }
  const start = reader.position();
  return start === bytes.length ? parts : [...parts, { name: 'unread', start, end: bytes.length }];
}

function recordingReader(
  reader: MessageReader,
  record: (field: string, start: number, end: number) => void,
): MessageReader {
  function recorded<T>(read: (field: string) => T, field: string): T {
    const start = reader.position();
    const value = read(field);
    if (reader.position() > start) record(field, start, reader.position());
    return value;
  }
  return {
    ...reader,
    uint8: (field) => recorded(reader.uint8, field),
    uint16: (field) => recorded(reader.uint16, field),
    uint32: (field) => recorded(reader.uint32, field),
    take: (length, field) => recorded(() => reader.take(length, field), field),
  };
}
