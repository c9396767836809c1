// Writes kit.json: `npm run build && node test/recordings/make-kit.ts`. The forged messages are new each time; check what
// came of them before you commit it.
import { writeFileSync } from 'node:fs';
import { createDecryptor, decodeUtf8, FlowKeysError } from 'flow-security-keys';
import { hostileMessages } from '../hostile/messages.ts';
import article from './connect-article.json' with { type: 'json' };
import java from './java-connect.json' with { type: 'json' };
import type { Kit, KitMessage, Outcome } from './kit.ts';
import python from './python-connect.json' with { type: 'json' };
import { pem } from './recordings.ts';

const keys = new Map([...java.keys, ...python.keys].map((key) => [key.keyId, key]));
const keyStore = {
  async privateKeys(keyId: string) {
    const key = keys.get(keyId);
    return key === undefined ? [] : [pem('PRIVATE KEY', key.privateKeyPkcs8)];
  },
};

async function outcome(suites: 'connect' | 'all', keyId: string, ciphertext: string): Promise<Outcome> {
  try {
    const { plaintext } = await createDecryptor({ keyStore, suites }).decrypt(ciphertext, { keyId });
    const text = decodeUtf8(plaintext);
    return text === undefined ? { plaintextBase64: base64(plaintext) } : { plaintext: text };
  } catch (error) {
    if (error instanceof FlowKeysError) return { refused: error.code };
    throw error;
  }
}

function base64(data: Iterable<number>): string {
  return btoa(Array.from(data, (byte) => String.fromCharCode(byte)).join(''));
}

type Message = Omit<KitMessage, 'connect' | 'all'>;

async function judged(message: Message): Promise<KitMessage> {
  const { keyId, ciphertext } = message;
  return {
    ...message,
    connect: await outcome('connect', keyId, ciphertext),
    all: await outcome('all', keyId, ciphertext),
  };
}

/** What the last part of a recording's name says. */
const recorded: readonly (readonly [ending: string, shows: string])[] = [
  ['committing-unsigned-suite', 'Suite 0478: key commitment, and no signature. Connect always signs.'],
  ['unsigned-suite', 'Suite 0178, which has no signature. Connect always signs.'],
  ['committing-suite', 'Suite 0578, message version 2: the successor of what Connect uses, with key commitment.'],
  ['with-context', 'Entries in the encryption context besides the verification key.'],
  ['two-data-keys', 'Two encrypted data keys, under two key ids. Connect makes one.'],
  ['exactly-one-frame', 'A plaintext of exactly 4,096 bytes: one full frame.'],
  ['two-frames', 'A plaintext longer than 4,096 bytes: a regular frame and a final one.'],
  ['empty', 'An empty plaintext, which is valid.'],
  ['', 'A message as Amazon Connect makes it.'],
];

function recordings(
  producer: string,
  prefix: string,
  all: readonly { name: string; keyId: string; ciphertext: string }[],
) {
  return all.map(({ name, keyId, ciphertext }): Message => {
    const [, shows = ''] = recorded.find(([ending]) => name.endsWith(ending)) ?? [];
    return { name: `${prefix} ${name}`, shows, producer, keyId, ciphertext };
  });
}

const base = java.recordings.find(({ name }) => name === 'rsa2048-card-number');
if (base === undefined) throw new Error('There is no recording to alter.');
const { keyId, ciphertext } = base;
const bytes = Uint8Array.from(atob(ciphertext), (character) => character.charCodeAt(0));

/** Where each field of a message of version 1 with one data key and one frame begins (the AWS Encryption SDK's format). */
function fieldsOf(message: Uint8Array): ReadonlyMap<string, number> {
  const view = new DataView(message.buffer);
  const fields = new Map<string, number>();
  let offset = 0;
  const field = (name: string, length: number) => {
    fields.set(name, offset);
    offset += length;
  };
  const counted = (name: string) => {
    const length = view.getUint16(offset);
    field(`length of the ${name}`, 2);
    field(name, length);
  };
  field('version', 1);
  field('type', 1);
  field('suite id', 2);
  field('message id', 16);
  counted('encryption context');
  field('count of encrypted data keys', 2);
  for (const name of ['provider id', 'key id', 'encrypted data key']) counted(name);
  field('content type', 1);
  field('reserved bytes', 4);
  field('IV length', 1);
  field('frame length', 4);
  field('IV of the header', 12);
  field('tag of the header', 16);
  field('mark of the final frame', 4);
  field('sequence number', 4);
  field('IV of the frame', 12);
  const contentLength = view.getUint32(offset);
  field('length of the content', 4);
  field('content', contentLength);
  field('tag of the frame', 16);
  counted('signature');
  if (offset !== message.length) throw new Error('The message has another form.');
  return fields;
}

const altered = (name: string, shows: string, text: string): Message => ({
  ...{ name, shows, producer: 'altered', keyId, ciphertext: text },
});

const fields = Array.from(fieldsOf(bytes));
const made: readonly Message[] = [
  ...recordings(java.producer, 'java', java.recordings),
  ...recordings(python.producer, 'python', python.recordings),
  ...article.recordings.map((recording) => ({
    ...{ name: 'Amazon Connect, key unpublished', producer: article.producer },
    shows: 'Made by Amazon Connect itself. Its private key was never published; its signature verifies without one.',
    ...{ keyId: recording.keyId, ciphertext: recording.ciphertext },
  })),
  ...fields.map(([name, offset]) =>
    altered(
      `one bit flipped: ${name}`,
      `One bit of the ${name} was flipped.`,
      base64(bytes.with(offset, (bytes[offset] ?? 0) ^ 1)),
    ),
  ),
  ...fields
    .slice(1)
    .map(([name, offset]) =>
      altered(
        `cut short: before the ${name}`,
        `The message ends before the ${name}.`,
        base64(bytes.subarray(0, offset)),
      ),
    ),
  altered('cut short: the last byte', 'The message ends one byte early.', base64(bytes.subarray(0, -1))),
  altered('text: empty', 'There is no message.', ''),
  altered('text: Timeout', 'What Connect stores when the caller types nothing.', 'Timeout'),
  altered('text: not base64', 'Text with a character that is not of base64.', 'not base64!'),
  altered('text: base64url', 'Base64url is not base64.', ciphertext.replaceAll('+', '-').replaceAll('/', '_')),
  altered('text: base64 of base64', 'A message that was encoded twice.', btoa(ciphertext)),
  ...(await hostileMessages()).map((message) => ({
    ...{ name: `forged: ${message.name}`, shows: `A message with ${message.name}.`, producer: 'forged' },
    ...{ keyId, ciphertext: base64(message.bytes) },
  })),
];

const kit: Kit & { $schema: string; description: string } = {
  $schema: './kit.schema.json',
  description:
    'Messages as Amazon Connect encrypts caller input, and malformed ones, each with its key and its right outcome. The keys are test keys.',
  keys: Array.from(keys.values(), ({ keyId: id, modulusBits, privateKeyPkcs8 }) => ({
    ...{ keyId: id, modulusBits, privateKeyPkcs8 },
  })),
  messages: await Promise.all(made.map(judged)),
};
writeFileSync(new URL('kit.json', import.meta.url), `${JSON.stringify(kit, null, 2)}\n`);
