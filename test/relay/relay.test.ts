import { generateKeyPairSync } from 'node:crypto';
import {
  type ConsumerCacheOptions,
  type ConsumerStore,
  createConsumerCache,
  createDecryptor,
  createRelay,
  FlowKeysError,
  type KeyStore,
  type ReencryptionRecord,
  type ReencryptOptions,
} from 'flow-security-keys';
import { describe, expect, it, vi } from 'vitest';
import { opened } from '../parity/opened.ts';
import { testConsumers } from '../recordings/consumers.ts';
import { recordingNamed, testKeyStore, testKeys } from '../recordings/recordings.ts';
import { brokenConsumer, consumerDocuments, limitedConsumer, spki } from '../support/consumer-documents.ts';

const card = recordingNamed('java rsa2048-card-number');
const names = testConsumers.map(({ name }) => name);
const contactId = '5ca32fbd-8f92-46af-92a5-6b0f970f0efe';

function setUp(times: ConsumerCacheOptions = {}, documents: ReadonlyMap<string, string> = consumerDocuments()) {
  let time = 1_000_000;
  const consumer = vi.fn<ConsumerStore['consumer']>(async (name) => documents.get(name));
  const privateKeys = vi.fn<KeyStore['privateKeys']>(testKeyStore.privateKeys);
  const decryptor = createDecryptor({ keyStore: { privateKeys } });
  const decrypt = vi.spyOn(decryptor, 'decrypt');
  const consumerCache = createConsumerCache({ now: () => time, ...times });
  const options = { decryptor, consumerStore: { consumer }, consumerCache };
  const relay = createRelay(options);
  const records: ReencryptionRecord[] = [];
  const ask = (given: Partial<ReencryptOptions> = {}, ciphertext: string | Uint8Array = card.ciphertext, by = relay) =>
    by.reencrypt(ciphertext, {
      field: 'card',
      consumers: names,
      contactId,
      allowedConsumers: ['*'],
      audit: (record) => void records.push(record),
      ...given,
    });
  return {
    relay,
    ask,
    /** As another request of a Worker. */
    askOther: (given: Partial<ReencryptOptions> = {}) => ask(given, card.ciphertext, createRelay(options)),
    /** What each consumer reads, or the code of its failure. */
    async read(given: Partial<ReencryptOptions> = {}, ciphertext: string | Uint8Array = card.ciphertext) {
      const { outcomes } = await ask(given, ciphertext);
      return Promise.all(
        outcomes.map(async (outcome) =>
          'failure' in outcome ? outcome.failure.code : (await opened(outcome.consumer, outcome.ciphertext)).plaintext,
        ),
      );
    },
    consumer,
    decrypt,
    privateKeys,
    records,
    later: (milliseconds: number) => {
      time += milliseconds;
    },
  };
}

describe('A relay', () => {
  it('encrypts one message for consumers of each format, and binds its labels to it', async () => {
    const { outcomes, decrypted } = await setUp().ask();
    expect(decrypted).toEqual({ keyId: card.keyId, suite: '0378' });
    const read = await Promise.all(
      outcomes.map((outcome) => opened(outcome.consumer, 'ciphertext' in outcome ? outcome.ciphertext : '')),
    );
    const labels = (consumer: string) => ({
      'urn:flow-security-keys:contact-id': contactId,
      'urn:flow-security-keys:field': 'card',
      'urn:flow-security-keys:consumer': consumer,
    });
    const kid = expect.stringMatching(/^[\w-]{43}$/);
    expect(read).toEqual([
      {
        plaintext: card.plaintext,
        labels: { suite: '0578', 'contact-id': contactId, field: 'card', consumer: 'ledger' },
      },
      { plaintext: card.plaintext, labels: { alg: 'RSA-OAEP-256', enc: 'A256GCM', kid, ...labels('billing') } },
      { plaintext: card.plaintext, labels: { alg: 'ECDH-ES+A256KW', enc: 'A256GCM', kid, ...labels('fraud-check') } },
      {
        plaintext: card.plaintext,
        labels: { alg: 'ECDH-ES+A256KW', enc: 'A256GCM', kid: 'archive-2026', ...labels('archive') },
      },
    ]);
  });

  it.for(['java rsa2048-empty', 'java rsa2048-exactly-one-frame', 'java rsa2048-two-frames', 'java rsa4096-cvc'])(
    'encrypts what is in %s',
    async (name) => {
      const { plaintext, ciphertext } = recordingNamed(name);
      expect(await setUp().read({}, ciphertext)).toEqual(names.map(() => plaintext));
    },
  );

  it.for(['keyIds', 'fields'])(
    'reads a consumer again that is refused by its %s, as they may just have changed',
    async (list) => {
      const documents = new Map(consumerDocuments());
      const [name = ''] = names;
      const current = JSON.parse(documents.get(name) ?? '');
      documents.set(name, JSON.stringify({ ...current, [list]: ['another'] }));
      const { read, later, consumer } = setUp({}, documents);
      const asked = { consumers: [name] };
      expect(await read(asked)).toEqual(['forbidden']);
      documents.set(name, JSON.stringify(current));
      // A document is read at most once in ten seconds, not at each refusal.
      expect(await read(asked)).toEqual(['forbidden']);
      expect(consumer).toHaveBeenCalledTimes(1);
      later(10_000);
      expect(await read(asked)).toEqual([card.plaintext]);
      expect(await read(asked)).toEqual([card.plaintext]);
      expect(consumer).toHaveBeenCalledTimes(2);
    },
  );

  it('checks a document again when the store has a newer one', async () => {
    const { read, later, consumer } = setUp();
    const asked = { consumers: [limitedConsumer] };
    expect(await read(asked)).toEqual(['forbidden']);
    later(10_000);
    expect(await read(asked)).toEqual(['forbidden']);
    expect(consumer).toHaveBeenCalledTimes(2);
  });

  it('still refuses a consumer while the store is unavailable', async () => {
    const { read, later, consumer } = setUp();
    const asked = { consumers: [limitedConsumer, 'ledger'] };
    await read(asked);
    consumer.mockRejectedValue(new Error('down'));
    later(10_000);
    expect(await read(asked)).toEqual(['forbidden', card.plaintext]);
    // The store is not asked again at once.
    expect(await read(asked)).toEqual(['forbidden', card.plaintext]);
    expect(consumer).toHaveBeenCalledTimes(3);
  });

  it('does not delay the other consumers for a refused one whose store is slow', async () => {
    const { read, later, consumer } = setUp({ refreshPatience: 5, lookupPatience: 60_000 });
    const asked = { consumers: [limitedConsumer, 'ledger'] };
    await read(asked);
    consumer.mockReturnValue(new Promise(() => {}));
    later(10_000);
    expect(await read(asked)).toEqual(['forbidden', card.plaintext]);
  });

  it('applies a new permission to all concurrent requests of a Worker', async () => {
    const documents = new Map(consumerDocuments());
    const [name = ''] = names;
    const allowed = documents.get(name) ?? '';
    documents.set(name, JSON.stringify({ ...JSON.parse(allowed), fields: ['another'] }));
    const { ask, askOther, later } = setUp({}, documents);
    const asked = { consumers: [name] };
    await ask(asked);
    documents.set(name, allowed);
    later(10_000);
    const answers = await Promise.all(Array.from({ length: 50 }, () => askOther(asked)));
    expect(answers.flatMap(({ outcomes }) => outcomes).filter((outcome) => 'failure' in outcome)).toEqual([]);
  });

  it('refuses a consumer that was just given the key id and lost the field', async () => {
    const documents = new Map(consumerDocuments());
    const current = JSON.parse(documents.get('ledger') ?? '');
    documents.set('ledger', JSON.stringify({ ...current, keyIds: ['another'] }));
    const { read, later } = setUp({}, documents);
    const asked = { consumers: ['ledger'] };
    expect(await read(asked)).toEqual(['forbidden']);
    documents.set('ledger', JSON.stringify({ ...current, fields: ['expiry'] }));
    later(10_000);
    expect(await read(asked)).toEqual(['forbidden']);
  });

  it('accepts a contact id of digits if it is a UUID', async () => {
    const contactId = '12345678-1234-4123-8123-123456789012';
    const { ask, records } = setUp();
    await ask({ contactId, consumers: ['ledger'] });
    expect(records).toMatchObject([{ contactId, code: 'ok' }]);
  });

  it('encrypts only the plaintext when it is a view of a larger buffer', async () => {
    const { decrypt, read } = setUp();
    const buffer = new TextEncoder().encode('before 4929 after');
    decrypt.mockImplementation(async () => ({
      plaintext: buffer.slice().subarray(7, 11),
      keyId: card.keyId,
      suite: '0378',
      encryptionContext: {},
      messageId: '',
      messageBytes: 1,
    }));
    expect(await read()).toEqual(names.map(() => '4929'));
  });

  it('leaves the contact id out when there is none', async () => {
    const { relay } = setUp();
    const consumers = { field: 'card', consumers: names, allowedConsumers: names };
    const { outcomes } = await relay.reencrypt(card.ciphertext, consumers);
    for (const outcome of outcomes) {
      if ('failure' in outcome) throw outcome.failure;
      expect(JSON.stringify(await opened(outcome.consumer, outcome.ciphertext))).not.toContain('contact-id');
    }
  });
});

describe('What a consumer may have', () => {
  it('is what its document lists, independent of the others', async () => {
    const documents = consumerDocuments();
    const billing = JSON.parse(documents.get('billing') ?? '');
    const other = JSON.stringify({ ...billing, keyIds: [testKeys[1]?.keyId] });
    const { read } = setUp({}, new Map([...documents, ['other-key', other]]));
    const consumers = [limitedConsumer, 'ledger', brokenConsumer, 'nobody', 'other-key', 'archive'];
    expect(await read({ consumers })).toEqual([
      'forbidden',
      card.plaintext,
      'invalid_consumer',
      'unknown_consumer',
      'forbidden',
      card.plaintext,
    ]);
  });

  it('is nothing when its lists are empty', async () => {
    const { publicKey } = JSON.parse(consumerDocuments().get('billing') ?? '');
    for (const lists of [
      { keyIds: [], fields: ['*'] },
      { keyIds: ['*'], fields: [] },
    ]) {
      const document = JSON.stringify({ format: 'jwe', publicKey, ...lists });
      expect(await setUp({}, new Map([['billing', document]])).read({ consumers: ['billing'] })).toEqual(['forbidden']);
    }
  });

  it('is not decrypted when the only allowed consumer has an expired certificate', async () => {
    const { ask, decrypt } = setUp();
    vi.setSystemTime(new Date('1990-01-01'));
    const { outcomes } = await ask({ consumers: ['fraud-check'] });
    vi.useRealTimers();
    expect(outcomes).toMatchObject([{ failure: { code: 'invalid_consumer' } }]);
    expect(decrypt).not.toHaveBeenCalled();
  });

  it('is not decrypted when no consumer may have it', async () => {
    const { ask, decrypt, privateKeys } = setUp();
    const { outcomes, decrypted } = await ask({ consumers: ['nobody', limitedConsumer] });
    expect(outcomes).toHaveLength(2);
    expect(decrypted).toBeUndefined();
    expect(decrypt).not.toHaveBeenCalled();
    expect(privateKeys).not.toHaveBeenCalled();
  });
});

describe('What a caller may re-encrypt', () => {
  it('is limited to its consumers, and it does not learn which others exist', async () => {
    const { read, consumer } = setUp();
    const consumers = ['ledger', 'billing', 'nobody'];
    expect(await read({ consumers, allowedConsumers: ['billing'] })).toEqual([
      'forbidden',
      card.plaintext,
      'forbidden',
    ]);
    expect(consumer.mock.calls.map(([name]) => name)).toEqual(['billing']);
    expect(await read({ allowedConsumers: [] })).toEqual(names.map(() => 'forbidden'));
  });

  it('is limited to its fields', async () => {
    const { read } = setUp();
    expect(await read({ allowedFields: ['expiry'] })).toEqual(names.map(() => 'forbidden'));
    expect(await read({ allowedFields: ['card'] })).toEqual(names.map(() => card.plaintext));
  });

  it('is limited to its key ids', async () => {
    await expect(setUp().ask({ allowedKeyIds: ['another-key'] })).rejects.toMatchObject({ code: 'forbidden' });
  });

  it.for<[string, object, string]>([
    ['no consumer', { consumers: [] }, 'invalid_request'],
    ['51 consumers', { consumers: Array.from({ length: 51 }, (_, index) => `c${index}`) }, 'invalid_request'],
    ['a consumer twice', { consumers: ['ledger', 'ledger'] }, 'invalid_request'],
    ['a name with a path', { consumers: ['ledger', '../x'] }, 'invalid_consumer_name'],
    ['a field of digits alone', { field: '4929736155' }, 'invalid_request'],
    ['an empty field', { field: '' }, 'invalid_request'],
    ['a field with a line feed', { field: 'card\n' }, 'invalid_request'],
    ['a contact id of digits alone', { contactId: '4929736155' }, 'invalid_request'],
    ['a contact id that is a card number', { contactId: '4929-7361-5500-0000' }, 'invalid_request'],
    ['a key id with a path', { keyId: '../x' }, 'invalid_key_id'],
  ])('is refused with %s, before anything is recorded or read', async ([, options, code]) => {
    const { ask, consumer, records } = setUp();
    const error = await ask(options).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code });
    expect(String(error)).not.toContain('4929736155');
    expect([records, consumer.mock.calls]).toEqual([[], []]);
  });

  it.for([
    ['', 'missing_parameter'],
    ['Timeout', 'no_caller_input'],
    ['no base64!', 'malformed_ciphertext'],
  ] as const)('excludes the invalid ciphertext %j, whatever the caller is allowed', async ([ciphertext, code]) => {
    const { ask, records } = setUp();
    for (const allowedConsumers of [['*'], []]) {
      await expect(ask({ allowedConsumers }, ciphertext)).rejects.toMatchObject({ code });
    }
    expect(records).toEqual([]);
  });

  it('fails as a whole when the message cannot be decrypted', async () => {
    const { ask, records } = setUp();
    await expect(ask({}, 'AYAD')).rejects.toMatchObject({ code: 'malformed_ciphertext' });
    expect(records.map(({ code }) => code)).toEqual(names.map(() => 'malformed_ciphertext'));
  });
});

describe('The audit', () => {
  it('records each re-encryption: consumer, field, contact and outcome', async () => {
    const { ask, records } = setUp();
    await ask({ consumers: ['ledger', 'nobody', limitedConsumer] });
    const known = { contactId, field: 'card', milliseconds: expect.any(Number), keyId: card.keyId };
    expect(records).toEqual([
      {
        ...known,
        consumer: 'ledger',
        code: 'ok',
        format: 'aws-encryption-sdk',
        consumerKeyId: expect.stringMatching(/^[\w-]{43}$/),
      },
      { ...known, consumer: 'nobody', code: 'unknown_consumer' },
      { ...known, consumer: limitedConsumer, code: 'forbidden' },
    ]);
  });

  it('fails the call when a record cannot be written', async () => {
    const audit = () => {
      throw new Error('The disk is full.');
    };
    await expect(setUp().ask({ audit })).rejects.toThrow('The disk is full.');
    await expect(setUp().ask({ audit: async () => audit() })).rejects.toThrow('The disk is full.');
  });

  it('is written before anything is returned', async () => {
    const written: string[] = [];
    const audit = async ({ consumer }: ReencryptionRecord) => {
      await new Promise((resolve) => setImmediate(resolve));
      written.push(consumer);
    };
    await setUp().ask({ audit });
    expect(written).toEqual(names);
  });

  it("records the kid of a consumer's key", async () => {
    const { ask, records } = setUp();
    await ask({ consumers: ['archive'] });
    expect(records).toMatchObject([{ consumerKeyId: 'archive-2026' }]);
  });

  it('leaves no plaintext in memory', async () => {
    const { ask, decrypt } = setUp();
    await ask();
    const [decryption] = decrypt.mock.results;
    if (decryption?.type !== 'return') throw new Error('Nothing was decrypted.');
    const { plaintext } = await decryption.value;
    expect(plaintext.length).toBeGreaterThan(0);
    expect(plaintext.every((byte) => byte === 0)).toBe(true);
  });
});

describe('With 500 consumers registered', () => {
  const publicKeys = Array.from({ length: 3 }, () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey);
  const registered = Array.from({ length: 500 }, (_, index) => `consumer-${index}`);
  const documents = new Map(
    registered.map((name, index) => {
      const publicKey = spki(publicKeys[index % 3] ?? generateKeyPairSync('x25519').publicKey);
      return [name, JSON.stringify({ format: 'jwe', publicKey, keyIds: ['*'], fields: ['*'] })] as const;
    }),
  );

  it('one message for 50 of them is decrypted once and encrypted 50 times, and a warm request reads no store', async () => {
    const { ask, consumer, decrypt, privateKeys } = setUp({}, documents);
    for (let first = 0; first < 500; first += 50) await ask({ consumers: registered.slice(first, first + 50) });
    expect(consumer).toHaveBeenCalledTimes(500);
    expect(privateKeys).toHaveBeenCalledTimes(1);

    const encrypt = vi.spyOn(crypto.subtle, 'encrypt');
    const unwrap = vi.spyOn(crypto.subtle, 'unwrapKey');
    const agree = vi.spyOn(crypto.subtle, 'deriveBits');
    decrypt.mockClear();
    const { outcomes } = await ask({ consumers: registered.slice(200, 250) });
    expect(outcomes.filter((outcome) => 'ciphertext' in outcome)).toHaveLength(50);
    expect(decrypt).toHaveBeenCalledTimes(1);
    expect(unwrap).toHaveBeenCalledTimes(1);
    expect([encrypt.mock.calls.length, agree.mock.calls.length]).toEqual([50, 50]);
    expect([consumer.mock.calls.length, privateKeys.mock.calls.length]).toEqual([500, 1]);
    vi.restoreAllMocks();
  });

  it("a Worker's next request finds them cached, though it has its own relay", async () => {
    const { ask, askOther, consumer } = setUp();
    await ask();
    await askOther();
    expect(consumer).toHaveBeenCalledTimes(names.length);
  });

  it('the first request reads each of its consumers once, even with a concurrent one', async () => {
    const { ask, consumer } = setUp({}, documents);
    const consumers = registered.slice(0, 50);
    await Promise.all([ask({ consumers }), ask({ consumers })]);
    expect(consumer).toHaveBeenCalledTimes(50);
  });
});

describe('A consumer', () => {
  it('that is added is found within 15 seconds, and a change or removal within five minutes', async () => {
    const documents = new Map<string, string>();
    const { read, later } = setUp({}, documents);
    const consumers = ['ledger'];
    expect(await read({ consumers })).toEqual(['unknown_consumer']);
    documents.set('ledger', consumerDocuments().get('ledger') ?? '');
    later(14_000);
    expect(await read({ consumers })).toEqual(['unknown_consumer']);
    later(1_000);
    expect(await read({ consumers })).toEqual([card.plaintext]);
    documents.set('ledger', JSON.stringify({ ...JSON.parse(documents.get('ledger') ?? ''), fields: [] }));
    later(299_000);
    expect(await read({ consumers })).toEqual([card.plaintext]);
    later(1_000);
    expect(await read({ consumers })).toEqual(['forbidden']);
    documents.clear();
    later(300_000);
    expect(await read({ consumers })).toEqual(['unknown_consumer']);
  });

  it('that is cached is used for one more hour while the store is down, another one gets an error', async () => {
    const { read, later, consumer } = setUp();
    await read({ consumers: ['ledger'] });
    consumer.mockRejectedValue(new RangeError('canary-4929'));
    later(300_001);
    const codes = await read({ consumers: ['ledger', 'billing'] });
    expect(codes).toEqual([card.plaintext, 'consumer_store_unavailable']);
    later(3_600_000);
    expect(await read({ consumers: ['ledger'] })).toEqual(['consumer_store_unavailable']);
  });

  it('whose store failed is named in the error, which quotes nothing of the cause', async () => {
    const { ask, consumer } = setUp();
    consumer.mockRejectedValue(new RangeError('canary-4929'));
    const { outcomes } = await ask({ consumers: ['ledger'] });
    const [outcome] = outcomes;
    if (outcome === undefined || !('failure' in outcome)) throw new Error('It did not fail.');
    expect(outcome.failure).toBeInstanceOf(FlowKeysError);
    expect(outcome.failure.message).toContain('consumer ledger');
    expect(outcome.failure.cause).toEqual({ name: 'RangeError' });
    expect(JSON.stringify([outcome.failure, outcome.failure.message])).not.toContain('canary');
  });

  it('is not awaited longer than the caller waits', async () => {
    const { read, consumer } = setUp();
    consumer.mockImplementation(() => new Promise(() => {}));
    expect(await read({ consumers: ['ledger'], signal: AbortSignal.timeout(5) })).toEqual(['deadline_exceeded']);
  });
});
