import {
  articleRecording,
  contactFlowEvent,
  isRefused,
  type Recording,
  recordedEvent,
  recordingNamed,
  recordings,
  testKeys,
} from '../recordings/recordings.ts';

/** Events for every runtime as JSON, with the expected response. */
export interface ParityCase {
  readonly name: string;
  readonly bodies: readonly string[];
  readonly expected:
    | { readonly plaintext: string }
    /** The plaintext that each consumer reads of each field, or its error code. */
    | { readonly consumers: Readonly<Record<string, Readonly<Record<string, string>>>> }
    /** The codes that the responses may have. */
    | { readonly codes: readonly string[] }
    /** The `message` of the responses when an input is missing. */
    | { readonly message: string };
}

const { keyId, ciphertext } = recordingNamed('java rsa2048-card-number');
const bytes = Uint8Array.from(atob(ciphertext), (character) => character.charCodeAt(0));

/** Key ids under which the key stores of the parity runs hold something other than a usable RSA key. */
export const unusableKeys: Readonly<Record<string, { readonly label: string; readonly der: string }>> = {
  '0bad0bad-0000-4000-8000-00000000cef7': { label: 'CERTIFICATE', der: testKeys[0]?.certificate ?? '' },
  '0bad0bad-0000-4000-8000-0000000da4a9': {
    label: 'PRIVATE KEY',
    der: testKeys[0]?.privateKeyPkcs8.slice(0, 400) ?? '',
  },
};

const missingCiphertext = { message: "Missing encrypted data parameter 'my-secret-string'" };
const malformed = { codes: ['malformed_ciphertext'] };

/** Every recording, then every kind of bad input. `shared` are recordings that are kept elsewhere. */
export function parityCases(shared: readonly Recording[]): readonly ParityCase[] {
  return [...recordings.map(ofRecording), ...shared.map(ofRecording), ...badInputs, ...relayed];
}

function ofRecording(recording: Recording): ParityCase {
  return {
    name: recording.name,
    bodies: [JSON.stringify(recordedEvent(recording))],
    expected: isRefused(recording) ? { codes: ['unsupported_message'] } : { plaintext: recording.plaintext },
  };
}

const badInputs: readonly ParityCase[] = [
  withParameters('the article, whose key was never published', articleRecording.keyId, articleRecording.ciphertext, [
    'unknown_key',
  ]),
  withParameters('Timeout, which Connect stores when the caller enters nothing', keyId, 'Timeout', ['no_caller_input']),
  withParameters('text that is not base64', keyId, 'not base64!', ['malformed_ciphertext']),
  withParameters('base64url', keyId, ciphertext.replaceAll('+', '-').replaceAll('/', '_'), ['malformed_ciphertext']),
  withParameters('base64 of base64', keyId, btoa(ciphertext), ['malformed_ciphertext']),
  withParameters('a trailing byte', keyId, base64([...bytes, 0]), ['malformed_ciphertext']),
  withParameters('1 MB of zeros', keyId, 'A'.repeat(1_398_104), ['malformed_ciphertext']),
  withParameters('a key id of another recording', testKeys[1]?.keyId, ciphertext, ['key_id_mismatch']),
  withParameters(
    'a message that names another key than it was encrypted for',
    testKeys[1]?.keyId,
    renamed(testKeys[1]?.keyId ?? ''),
    ['decryption_failed'],
  ),
  ...Object.entries(unusableKeys).map(([unusable, { label }]) =>
    withParameters(`a key id under which a broken ${label} is stored`, unusable, renamed(unusable), [
      'invalid_private_key',
    ]),
  ),
  {
    name: 'invalid key ids',
    bodies: ['../x', 'a/b', 'a%2fb', 'a\0b', 'a'.repeat(2000), 'ｆｆ52db55', '4444444444444444', 'a b', '..'].map(
      (bad) => JSON.stringify(contactFlowEvent({ 'key-id': bad, 'my-secret-string': ciphertext })),
    ),
    expected: { codes: ['invalid_key_id'] },
  },
  {
    name: 'a recording cut short, at every byte',
    bodies: Array.from(bytes.keys(), (length) => length)
      .slice(1)
      .map((length) => JSON.stringify(recordedEvent({ keyId, ciphertext: base64(bytes.subarray(0, length)) }))),
    expected: malformed,
  },
  {
    name: 'a recording with one bit flipped, at every byte',
    bodies: Array.from(bytes, (byte, index) => {
      const altered = bytes.with(index, byte ^ (1 << (index % 8)));
      return JSON.stringify(recordedEvent({ keyId, ciphertext: base64(altered) }));
    }),
    expected: {
      codes: ['malformed_ciphertext', 'unsupported_message', 'key_id_mismatch', 'invalid_key_id', 'decryption_failed'],
    },
  },
  {
    name: 'an absent, empty or blank ciphertext',
    bodies: [undefined, null, '', '  \n'].map((absent) =>
      JSON.stringify(contactFlowEvent({ 'key-id': keyId, 'my-secret-string': absent })),
    ),
    expected: missingCiphertext,
  },
  {
    name: 'an absent, empty or blank key id: the message names it',
    bodies: [undefined, null, '', '  \n'].map((absent) =>
      JSON.stringify(contactFlowEvent({ 'key-id': absent, 'my-secret-string': ciphertext })),
    ),
    expected: { plaintext: '4444444444444444' },
  },
  {
    name: 'JSON that is not an event',
    bodies: [
      'null',
      '[]',
      '[[]]',
      '7',
      '"AYADeA"',
      'true',
      '{}',
      '{"Details":null}',
      '{"Details":[]}',
      '{"Details":{"Parameters":7}}',
    ],
    expected: missingCiphertext,
  },
  {
    name: 'parameters that would pollute a prototype',
    bodies: [
      `{"Details":{"Parameters":{"__proto__":{"key-id":${JSON.stringify(keyId)},"my-secret-string":"x"}}}}`,
      `{"__proto__":{"Details":{}},"constructor":{"prototype":{"my-secret-string":"x"}}}`,
      '{"Details":{"__proto__":{"Parameters":{"key-id":"x","my-secret-string":"x"}}}}',
    ],
    expected: missingCiphertext,
  },
  {
    name: 'a ciphertext that is not a string',
    bodies: [7, true, [], {}, ['AYADeA'], { toString: 'x' }].map((bad) =>
      JSON.stringify(contactFlowEvent({ 'key-id': keyId, 'my-secret-string': bad })),
    ),
    expected: malformed,
  },
  {
    name: 'a key id that is not a string',
    bodies: [7, true, [], {}, [keyId], { length: 36 }].map((bad) =>
      JSON.stringify(contactFlowEvent({ 'key-id': bad, 'my-secret-string': ciphertext })),
    ),
    expected: { codes: ['invalid_key_id'] },
  },
];

const cvc = recordingNamed('java rsa2048-cvc');
const { plaintext } = recordingNamed('java rsa2048-card-number');
const readers = ['ledger', 'billing', 'fraud-check', 'archive'];
const forReaders = (text: string) => Object.fromEntries(readers.map((name) => [name, text]));

const relayed: readonly ParityCase[] = [
  forConsumers('one consumer', 'ledger', { 'my-secret-string': { ledger: plaintext } }),
  forConsumers('consumers of each format and kind of key', readers.join(','), {
    'my-secret-string': forReaders(plaintext),
  }),
  forConsumers(
    'several fields for several consumers',
    readers.join(', '),
    { card: forReaders(plaintext), cvc: forReaders(cvc.plaintext) },
    { card: ciphertext, cvc: cvc.ciphertext },
  ),
  forConsumers('consumers that may not have it, beside one that may', 'expiry-only,billing,broken,nobody,not-allowed', {
    'my-secret-string': {
      'expiry-only': 'forbidden',
      billing: plaintext,
      broken: 'invalid_consumer',
      nobody: 'unknown_consumer',
      'not-allowed': 'forbidden',
    },
  }),
  forConsumers('none that may have it: it is not in the clear, either', 'nobody', {
    'my-secret-string': { nobody: 'unknown_consumer' },
  }),
  {
    name: 'a parameter consumer that is empty or not a string: nothing is in the clear',
    bodies: ['', ' ', ',', null].map((consumer) => consumerEvent(consumer, { 'my-secret-string': ciphertext })),
    expected: { codes: ['missing_parameter', 'invalid_consumer_name'] },
  },
  {
    name: 'invalid consumer names',
    bodies: [
      '../x',
      'a/b',
      'A',
      'a_b',
      '4444444444444444',
      'a'.repeat(65),
      'private-key',
      'ledger,é',
      7,
      {},
      ['ledger'],
    ].map((consumer) => consumerEvent(consumer, { 'my-secret-string': ciphertext })),
    expected: { codes: ['invalid_consumer_name'] },
  },
  {
    name: 'a consumer named twice, and too many consumers',
    bodies: ['ledger,ledger', Array.from({ length: 51 }, (_, index) => `c${index}`).join()].map((consumer) =>
      consumerEvent(consumer, { 'my-secret-string': ciphertext }),
    ),
    expected: { codes: ['invalid_request'] },
  },
  {
    name: 'bad ciphertexts for consumers',
    bodies: ['Timeout', 'not base64!', renamed(testKeys[1]?.keyId ?? '')].map((bad) =>
      consumerEvent('ledger', { 'my-secret-string': bad }),
    ),
    expected: { codes: ['no_caller_input', 'malformed_ciphertext', 'decryption_failed'] },
  },
];

function forConsumers(
  name: string,
  consumer: string,
  consumers: Readonly<Record<string, Readonly<Record<string, string>>>>,
  inputs: object = { 'my-secret-string': ciphertext },
): ParityCase {
  return { name: `for consumers: ${name}`, bodies: [consumerEvent(consumer, inputs)], expected: { consumers } };
}

function consumerEvent(consumer: unknown, inputs: object): string {
  return JSON.stringify(contactFlowEvent({ ...inputs, consumer }));
}

function withParameters(name: string, key: unknown, secret: unknown, codes: readonly string[]): ParityCase {
  const bodies = [JSON.stringify(contactFlowEvent({ 'key-id': key, 'my-secret-string': secret }))];
  return { name, bodies, expected: { codes } };
}

/** The recording with another key id of the same length in its header. */
function renamed(other: string): string {
  const text = String.fromCharCode(...bytes);
  return btoa(text.replace(keyId, other));
}

function base64(data: Iterable<number>): string {
  return btoa(Array.from(data, (byte) => String.fromCharCode(byte)).join(''));
}
