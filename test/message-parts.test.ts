import { inspect } from 'flow-security-keys';
import { expect, it } from 'vitest';
import { messageParts } from '../src/internal.ts';
import { isUnsigned, recordingNamed, recordings } from './recordings/recordings.ts';

const allParts = ['header', 'message id', 'context', 'data keys', 'format', 'authentication', 'body', 'signature'];

it.for(recordings)('every byte of $name belongs to one part', ({ ciphertext, suite }) => {
  const parts = messageParts(ciphertext);
  expect(parts.map(({ start }) => start)).toEqual([0, ...parts.slice(0, -1).map(({ end }) => end)]);
  expect(parts.at(-1)?.end).toBe(Buffer.from(ciphertext, 'base64').length);
  expect(parts.map(({ name }) => name)).toEqual(isUnsigned({ suite }) ? allParts.slice(0, -1) : allParts);
});

it('a message that was cut short keeps the parts that are whole, and its rest is unread', () => {
  const bytes = Buffer.from(recordingNamed('java rsa2048-card-number').ciphertext, 'base64');
  for (let length = 1; length < bytes.length; length += 1) {
    const parts = messageParts(bytes.subarray(0, length).toString('base64'));
    expect(parts.at(-1)?.end).toBe(length);
    expect(parts.every(({ start, end }) => start < end)).toBe(true);
    const names = parts.map(({ name }) => name).filter((name) => name !== 'unread');
    expect(names).toEqual(allParts.slice(0, names.length));
  }
});

it('bytes that are not a message are unread after the version', () => {
  expect(messageParts(Buffer.alloc(40, 9).toString('base64'))).toEqual([
    { name: 'header', start: 0, end: 1 },
    { name: 'unread', start: 1, end: 40 },
  ]);
});

it('a message whose body is not framed is read, too', async () => {
  const bytes = Buffer.from(recordings.find(({ suite }) => suite === '0178')?.ciphertext ?? '', 'base64');
  const parts = messageParts(bytes.toString('base64'));
  const [format, authentication] = [parts.find(({ name }) => name === 'format'), parts[5]];
  bytes[format?.start ?? 0] = 1;
  bytes.writeUInt32BE(0, (format?.end ?? 0) - 4);
  const body = Buffer.alloc(12 + 8 + 5 + 16);
  body.writeUInt32BE(5, 16);
  const message = Buffer.concat([bytes.subarray(0, authentication?.end), body]).toString('base64');
  expect(await inspect(message)).toMatchObject({ contentType: 'non-framed', plaintextBytes: 5 });
  expect(messageParts(message).at(-1)).toMatchObject({ name: 'body' });
});
