import { assert } from 'chai';
import {
  connectSettings,
  createDecryptor,
  type Decryptor,
  type DecryptorOptions,
  decodeUtf8,
  FlowKeysError,
  handleContactFlowEvent,
  inspect,
  type KeyStore,
  type UseInput,
} from 'flow-security-keys';
import {
  articleRecording,
  contactFlowEvent,
  isUnsigned,
  messageIdOf,
  pem,
  recordingNamed,
  recordings,
  testKeyStore,
  testKeys,
} from '../recordings/recordings.ts';
import type { VectorFile } from '../support/shared-data.ts';
import type { NamedCase } from './named-case.ts';

const card = recordingNamed('java rsa2048-card-number');
const twoDataKeys = recordingNamed('java two-data-keys');

const keyStore: KeyStore = testKeyStore;

type Cases = Readonly<Record<string, () => Promise<void>>>;

const decryptorCases: Cases = {
  async 'returns the plaintext, the key id, the suite and the context'() {
    const decrypted = await decryptor().decrypt(card.ciphertext);
    assert.strictEqual(decodeUtf8(decrypted.plaintext), '4444444444444444');
    assert.containSubset(decrypted, { keyId: card.keyId, suite: '0378', messageBytes: 629 });
    assert.deepEqual(Object.keys(decrypted.encryptionContext), ['aws-crypto-public-key']);
    assert.equal(decrypted.messageId, messageIdOf(card.ciphertext));
  },

  async 'accepts the message as bytes, even as a view of a larger buffer'() {
    const bytes = Uint8Array.from(`xx${atob(card.ciphertext)}xx`, (character) => character.charCodeAt(0));
    const { plaintext } = await decryptor().decrypt(bytes.subarray(2, -2));
    assert.strictEqual(decodeUtf8(plaintext), card.plaintext);
  },

  async 'decrypts a message with two data keys under each of their key ids'() {
    for (const keyId of [undefined, ...testKeys.slice(0, 2).map((key) => key.keyId)]) {
      const { plaintext } = await decryptor({ suites: 'all' }).decrypt(
        twoDataKeys.ciphertext,
        keyId === undefined ? {} : { keyId },
      );
      assert.strictEqual(decodeUtf8(plaintext), twoDataKeys.plaintext);
    }
  },

  async 'decrypts with the only one of two keys that the store has'() {
    const [, second] = testKeys;
    const store: KeyStore = {
      privateKeys: async (keyId, options) => (keyId === second?.keyId ? keyStore.privateKeys(keyId, options) : []),
    };
    const { keyId } = await decryptor({ keyStore: store, suites: 'all' }).decrypt(twoDataKeys.ciphertext);
    assert.strictEqual(keyId, second?.keyId);
  },

  async "decrypts unsigned recordings with suites: 'all'"() {
    for (const recording of recordings.filter(isUnsigned)) {
      const { plaintext, suite } = await decryptor({ suites: 'all' }).decrypt(recording.ciphertext);
      assert.deepEqual([decodeUtf8(plaintext), suite], [recording.plaintext, recording.suite]);
    }
  },

  async 'imports a key once and does not ask the store again'() {
    const asked: string[] = [];
    const store: KeyStore = {
      privateKeys(keyId, options) {
        asked.push(keyId);
        return keyStore.privateKeys(keyId, options);
      },
    };
    const warm = decryptor({ keyStore: store });
    for (let call = 0; call < 5; call += 1) await warm.decrypt(card.ciphertext);
    assert.deepEqual(asked, [card.keyId]);
  },

  async 'reports a store that throws as unavailable, without quoting its error'() {
    const store: KeyStore = { privateKeys: async () => Promise.reject(new RangeError('canary-4929')) };
    const error = await failure(decryptor({ keyStore: store }).decrypt(card.ciphertext));
    assert.containSubset(error, { code: 'key_store_unavailable', keyId: card.keyId, cause: { name: 'RangeError' } });
    assert.notInclude(JSON.stringify([error.message, error.cause]), 'canary');
  },

  async 'stops when the signal is aborted, before or during a wait for the store'() {
    const store: KeyStore = { privateKeys: () => new Promise(() => {}) };
    for (const signal of [AbortSignal.abort(), AbortSignal.timeout(5)]) {
      const error = await failure(decryptor({ keyStore: store }).decrypt(card.ciphertext, { signal }));
      assert.strictEqual(error.code, 'deadline_exceeded');
    }
  },

  async 'refuses 20 MB, whether text or bytes'() {
    const megabytes = 20 * 1024 * 1024;
    for (const ciphertext of ['A'.repeat(megabytes), new Uint8Array(megabytes)]) {
      assert.strictEqual((await failure(decryptor().decrypt(ciphertext))).code, 'malformed_ciphertext');
    }
  },

  async 'refuses an empty ciphertext'() {
    for (const ciphertext of ['', ' ', new Uint8Array()]) {
      assert.strictEqual((await failure(decryptor().decrypt(ciphertext))).code, 'missing_parameter');
    }
  },

  async 'refuses a message of another provider'() {
    const error = await failure(decryptor({ providerId: 'another' }).decrypt(card.ciphertext));
    assert.strictEqual(error.code, 'unsupported_message');
  },

  async 'does not reveal why a message cannot be decrypted'() {
    const bytes = Uint8Array.from(atob(card.ciphertext), (character) => character.charCodeAt(0));
    const flipped = (index: number) => bytes.with(index, (bytes.at(index) ?? 0) ^ 1);
    const errors = await Promise.all(
      // In the wrapped data key, the authentication tag of the frame, the digits of the signature.
      [250, bytes.length - 110, bytes.length - 1].map((index) => failure(decryptor().decrypt(flipped(index)))),
    );
    const [first] = errors;
    assert.strictEqual(first?.code, 'decryption_failed');
    for (const { code, keyId, message } of errors)
      assert.deepEqual([code, keyId, message], [first?.code, first?.keyId, first?.message]);
  },
};

const inspectCases: Cases = {
  async 'parses a message from Amazon Connect, and verifies it without a private key'() {
    assert.deepEqual(await inspect(articleRecording.ciphertext), {
      version: 1,
      suite: { id: '0378', name: 'ALG_AES256_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384' },
      encryptedDataKeys: [{ providerId: 'AmazonConnect', providerInfo: articleRecording.keyId, byteLength: 256 }],
      encryptionContext: {
        'aws-crypto-public-key': 'A3ph8Yw5uMoMscUYK3PiNTAQKVYfLZe6gNbBL+zE4hVEsNFhs+5cFNE4XxWO75HUQA==',
      },
      contentType: 'framed',
      frameLength: 4096,
      frameCount: 1,
      plaintextBytes: articleRecording.plaintextLength,
      messageBytes: 625,
      signature: 'valid',
    });
  },

  async 'returns the signature and the length of the plaintext of each recording'() {
    for (const recording of recordings) {
      const { signature, plaintextBytes } = await inspect(recording.ciphertext);
      assert.deepEqual(
        [signature, plaintextBytes],
        [isUnsigned(recording) ? 'none' : 'valid', recording.plaintext.length],
      );
    }
  },

  async 'detects an invalid signature'() {
    const bytes = Uint8Array.from(atob(card.ciphertext), (character) => character.charCodeAt(0));
    const altered = bytes.with(bytes.length - 120, (bytes.at(-120) ?? 0) ^ 1);
    assert.containSubset(await inspect(altered), { signature: 'invalid' });
  },

  async 'verifies when the runtime does not import compressed points'() {
    const { importKey } = crypto.subtle;
    let refused = 0;
    const importNoCompressedPoint = (...args: Parameters<typeof importKey>) => {
      const [format, data] = args;
      if (format !== 'raw' || !(data instanceof Uint8Array) || data.length !== 49)
        return importKey.apply(crypto.subtle, args);
      refused += 1;
      return Promise.reject(new DOMException('No compressed points here.', 'DataError'));
    };
    const signed = recordings.filter((recording) => !isUnsigned(recording));
    Object.defineProperty(crypto.subtle, 'importKey', { configurable: true, value: importNoCompressedPoint });
    try {
      for (const { ciphertext } of signed) assert.containSubset(await inspect(ciphertext), { signature: 'valid' });
    } finally {
      Reflect.deleteProperty(crypto.subtle, 'importKey');
    }
    assert.strictEqual(refused, signed.length);
  },
};

const useCases: Cases = {
  async 'passes the inputs to the code that uses them, and returns byte-identical responses everywhere'() {
    const given: UseInput[] = [];
    const { answer } = await handleContactFlowEvent(contactFlowEvent({ card: card.ciphertext, amount: '12.50' }), {
      decryptor: decryptor(),
      requestId: 'request',
      settings: connectSettings({ CHECK: 'card=digits:16' }),
      async use(input) {
        given.push(input);
        return { reference: 'R-1', amount: 12.5, copy: input.inputs['card'] ?? '' };
      },
    });
    const [input] = given;
    assert.deepEqual([input?.inputs, input?.parameters], [{ card: card.plaintext }, { amount: '12.50' }]);
    // SHA-256 over the contact id, no attempt, and the field with its message id.
    const pair = ['card', messageIdOf(card.ciphertext)];
    const text = JSON.stringify(['5ca32fbd-8f92-46af-92a5-6b0f970f0efe', null, [pair]]);
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
    assert.equal(input?.idempotencyKey, Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join(''));
    assert.equal(
      JSON.stringify(answer),
      '{"status-code":200,"data":{"success":true,"message":"Data used successfully",' +
        '"contactId":"5ca32fbd-8f92-46af-92a5-6b0f970f0efe","requestId":"request",' +
        '"fields":{"card":{"success":true,"dataLength":16,"check":"valid"}},' +
        '"result":{"reference":"R-1","amount":12.5},"withheld":["copy"]}}',
    );
  },

  async 'does not call the code when an input fails its check'() {
    const { answer } = await handleContactFlowEvent(contactFlowEvent({ card: card.ciphertext }), {
      decryptor: decryptor(),
      requestId: 'request',
      settings: connectSettings({ CHECK: 'card=card' }),
      use: () => assert.fail('It was called.'),
    });
    assert.containSubset(answer, { code: 'check_failed', data: { fields: { card: { check: 'luhn' } } } });
  },
};

/** What the core does wherever it runs. */
export function coreCases(): readonly NamedCase[] {
  return [
    ...Object.entries(decryptorCases).map(([name, run]) => ({ name: `createDecryptor ${name}`, run })),
    ...Object.entries(inspectCases).map(([name, run]) => ({ name: `inspect ${name}`, run })),
    ...Object.entries(useCases).map(([name, run]) => ({ name: `handleContactFlowEvent ${name}`, run })),
  ];
}

/** The suites whose data keys have 192 bits. */
const suites192: ReadonlySet<string> = new Set(['0046', '0146', '0346']);

/** AWS's own test vectors, of every suite. */
export function vectorCases({
  vectors,
  keyName,
  privateKeyPkcs8,
  providerId,
  plaintextBase64,
}: VectorFile): readonly NamedCase[] {
  const store: KeyStore = { privateKeys: async () => [pem('PRIVATE KEY', privateKeyPkcs8)] };
  const all = decryptor({ keyStore: store, providerId, suites: 'all' });
  const expected = Uint8Array.from(atob(plaintextBase64), (character) => character.charCodeAt(0));
  return vectors.map(({ id, suite, ciphertextBase64 }) => ({
    name: `createDecryptor decrypts AWS's vector ${id}, of suite ${suite}`,
    ...(suites192.has(suite) && { needs: '192-bit AES' as const }),
    async run() {
      const { plaintext, keyId } = await all.decrypt(ciphertextBase64);
      assert.equal(keyId, keyName);
      assert.deepEqual(plaintext, expected);
    },
  }));
}

function decryptor(options: Partial<DecryptorOptions> = {}): Decryptor {
  return createDecryptor({ keyStore, ...options });
}

async function failure(promise: Promise<unknown>): Promise<FlowKeysError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof FlowKeysError) return error;
    throw error;
  }
  throw new Error('It did not fail.');
}
