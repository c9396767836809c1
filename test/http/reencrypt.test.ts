import { createClient } from 'flow-security-keys/client';
import { flowSecurityKeys, type ReencryptionLogLine, settingsFrom } from 'flow-security-keys/hono';
import { describe, expect, it } from 'vitest';
import { opened } from '../parity/opened.ts';
import { testConsumers } from '../recordings/consumers.ts';
import { contactFlowEvent, recordingNamed, testKeyStore } from '../recordings/recordings.ts';
import { consumerDocuments } from '../support/consumer-documents.ts';
import { sha256Hex } from '../support/sha256.ts';

const card = recordingNamed('java rsa2048-card-number');
const documents = consumerDocuments();
const consumerStore = { consumer: async (name: string) => documents.get(name) };
const names = testConsumers.map(({ name }) => name);

/** A service and its client, with a token that has these limits. */
function setUp(limits: string, environment: Readonly<Record<string, string>> = {}) {
  const audited: ReencryptionLogLine[] = [];
  const logged: unknown[] = [];
  const app = flowSecurityKeys({
    ...settingsFrom({ BEARER_TOKEN_HASHES: sha256Hex('token') + limits, ...environment }),
    keyStore: testKeyStore,
    consumerStore,
    audit: (line) => void audited.push(line),
    log: (line) => logged.push(line),
  });
  const fetch = (url: RequestInfo | URL, init?: RequestInit) => Promise.resolve(app.request(String(url), init));
  const client = createClient({ baseUrl: 'https://service', token: 'token', fetch, retries: 0 });
  return {
    audited,
    logged,
    client,
    post: (path: string, body: unknown) =>
      app.request(path, {
        method: 'POST',
        headers: { authorization: 'Bearer token', 'content-type': 'application/json', 'x-request-id': 'same' },
        body: JSON.stringify(body),
      }),
    /** What each consumer decrypts, or the code of its error. */
    async read(consumers: readonly string[], field = 'card') {
      const { results } = await client.reencrypt(card.ciphertext, { field, consumers });
      return Promise.all(
        results.map(async (result) =>
          'error' in result ? result.error.code : (await opened(result.consumer, result.ciphertext)).plaintext,
        ),
      );
    },
  };
}

describe('POST /v1/reencrypt', () => {
  it('returns a ciphertext for each consumer, and no plaintext', async () => {
    const { post, logged } = setUp(':consumers=*');
    const response = await post('/v1/reencrypt', { ciphertext: card.ciphertext, field: 'card', consumers: names });
    const text = await response.text();
    const answer: { results: { consumer: string; ciphertext: string }[] } = JSON.parse(text);
    expect(answer).toMatchObject({ keyId: card.keyId, suite: '0378' });
    expect(answer.results.map(({ consumer }) => consumer)).toEqual(names);
    for (const { consumer, ciphertext } of answer.results) {
      expect(await opened(consumer, ciphertext)).toMatchObject({ plaintext: card.plaintext });
    }
    expect(text).not.toContain(card.plaintext);
    expect(logged).toMatchObject([{ route: '/v1/reencrypt', status: 200, code: 'ok', items: 4, failures: 0 }]);
  });

  it('returns a result or an error for each consumer', async () => {
    const { post, client } = setUp(':consumers=*');
    const request = { field: 'card', consumers: ['expiry-only', 'ledger', 'nobody', 'broken'] };
    const body = { ciphertext: card.ciphertext, ...request };
    const answer = await (await post('/v1/reencrypt', body)).json();
    expect(answer).toMatchObject({
      results: [
        { consumer: 'expiry-only', error: { code: 'forbidden', status: 403, requestId: expect.any(String) } },
        { consumer: 'ledger', format: 'aws-encryption-sdk' },
        { consumer: 'nobody', error: { code: 'unknown_consumer', status: 404 } },
        { consumer: 'broken', error: { code: 'invalid_consumer', status: 500 } },
      ],
    });
    const { results } = await client.reencrypt(card.ciphertext, request);
    expect(results[2]).toMatchObject({
      consumer: 'nobody',
      error: { name: 'FlowKeysError', code: 'unknown_consumer' },
    });
  });

  it.for<[string, object, number, string]>([
    ['a consumer twice', { consumers: ['ledger', 'ledger'] }, 400, 'invalid_request'],
    ['no consumers', { consumers: [] }, 400, 'invalid_request'],
    ['51 consumers', { consumers: Array.from({ length: 51 }, (_, index) => `c${index}`) }, 400, 'invalid_request'],
    ['a name with a path', { consumers: ['../x'] }, 400, 'invalid_consumer_name'],
    ['no field', { field: undefined }, 400, 'invalid_request'],
    ['a field of digits', { field: '4929736155' }, 400, 'invalid_request'],
    ['a contact id of digits', { contactId: '4929736155' }, 400, 'invalid_request'],
    ['Timeout', { ciphertext: 'Timeout' }, 422, 'no_caller_input'],
    ['a contact id that is a card number', { contactId: '4929-7361-5500-0000' }, 400, 'invalid_request'],
    ['another key id', { keyId: 'another' }, 422, 'key_id_mismatch'],
  ])('refuses %s', async ([, members, status, code]) => {
    const body = { ciphertext: card.ciphertext, field: 'card', consumers: ['ledger'], ...members };
    const response = await setUp(':consumers=*').post('/v1/reencrypt', body);
    const text = await response.text();
    expect([response.status, JSON.parse(text)]).toMatchObject([status, { code }]);
    expect(text).not.toContain('4929736155');
  });

  it('does not exist without a consumer store', async () => {
    const settings = settingsFrom({ DEVELOPMENT: 'true' });
    const app = flowSecurityKeys({ ...settings, keyStore: testKeyStore, log: () => {} });
    const body = JSON.stringify({ ciphertext: card.ciphertext, field: 'card', consumers: ['ledger'] });
    const headers = { 'content-type': 'application/json' };
    const response = await app.request('http://127.0.0.1/v1/reencrypt', { method: 'POST', headers, body });
    expect([response.status, await response.json()]).toMatchObject([404, { code: 'not_found' }]);
  });
});

describe('In development', () => {
  it('every call may encrypt for all consumers', async () => {
    const audited: ReencryptionLogLine[] = [];
    const audit = (line: ReencryptionLogLine) => void audited.push(line);
    const settings = settingsFrom({ DEVELOPMENT: 'true' });
    const app = flowSecurityKeys({ ...settings, keyStore: testKeyStore, consumerStore, audit, log: () => {} });
    const body = JSON.stringify({ ciphertext: card.ciphertext, field: 'card', consumers: names });
    const headers = { 'content-type': 'application/json' };
    const response = await app.request('http://127.0.0.1/v1/reencrypt', { method: 'POST', headers, body });
    expect(response.status).toBe(200);
    expect(audited.map(({ caller, code }) => [caller, code])).toEqual(names.map(() => ['development', 'ok']));
  });
});

describe('A token', () => {
  it('may encrypt only for the consumers that it names', async () => {
    expect(await setUp('').read(['ledger'])).toEqual(['forbidden']);
    expect(await setUp(':consumers=').read(['ledger'])).toEqual(['forbidden']);
    expect(await setUp(':consumers=billing').read(['ledger', 'billing'])).toEqual(['forbidden', card.plaintext]);
  });

  it('may be limited to fields, to key ids and to this route', async () => {
    const limited = setUp(`:consumers=ledger:fields=card,cvc:routes=reencrypt:key-ids=${card.keyId}`);
    expect(await limited.read(['ledger'])).toEqual([card.plaintext]);
    expect(await limited.read(['ledger'], 'expiry')).toEqual(['forbidden']);
    for (const path of ['/v1/decrypt', '/v1/decrypt/batch', '/v1/connect', '/v1/inspect']) {
      const response = await limited.post(path, { ciphertext: card.ciphertext });
      expect([response.status, await response.json()]).toMatchObject([403, { code: 'forbidden' }]);
    }
    await expect(setUp(':consumers=*:key-ids=another').read(['ledger'])).rejects.toMatchObject({ code: 'forbidden' });
  });

  it('limits the consumers of an event, in addition to the settings', async () => {
    const event = contactFlowEvent({ 'my-secret-string': card.ciphertext, consumer: 'ledger,billing,archive' });
    const { post } = setUp(':consumers=ledger,billing', { CONSUMERS: 'billing archive' });
    expect(await (await post('/v1/connect', event)).json()).toMatchObject({
      data: {
        consumers: { ledger: { code: 'forbidden' }, billing: { success: true }, archive: { code: 'forbidden' } },
      },
    });
    const other = setUp(':consumers=*:fields=card', { CONSUMERS: '*' });
    expect(await (await other.post('/v1/connect', event)).json()).toMatchObject({
      data: { consumers: { ledger: { code: 'forbidden' } } },
    });
  });

  it.for([':consumers=../x', ':consumers=Ledger', ':fields=', ':consumer=ledger'])(
    'cannot be limited by %s',
    (limit) => {
      expect(() => setUp(limit)).toThrow(/must/);
    },
  );
});

describe('The audit over HTTP', () => {
  it('records the caller, field, contact, consumer and outcome of each re-encryption', async () => {
    const { client, audited } = setUp(':consumers=ledger');
    const contactId = '5ca32fbd-8f92-46af-92a5-6b0f970f0efe';
    await client.reencrypt(card.ciphertext, { field: 'card', consumers: ['ledger', 'billing'], contactId });
    const known = {
      audit: 'reencryption',
      requestId: expect.any(String),
      caller: `token:${sha256Hex('token').slice(0, 8)}`,
      contactId,
      field: 'card',
      keyId: card.keyId,
      milliseconds: expect.any(Number),
    };
    expect(audited).toEqual([
      {
        level: 'INFO',
        ...known,
        consumer: 'ledger',
        code: 'ok',
        format: 'aws-encryption-sdk',
        consumerKeyId: expect.any(String),
      },
      { level: 'ERROR', ...known, consumer: 'billing', code: 'forbidden' },
    ]);
  });

  it('records the re-encryptions of an event, and inputs that cannot be decrypted', async () => {
    const { post, audited } = setUp(':consumers=*', { CONSUMERS: '*' });
    await post('/v1/connect', contactFlowEvent({ card: card.ciphertext, consumer: 'ledger' }));
    await post('/v1/reencrypt', { ciphertext: 'AYAD', field: 'card', consumers: ['ledger'] });
    expect(audited).toMatchObject([
      { code: 'ok', field: 'card', contactId: '5ca32fbd-8f92-46af-92a5-6b0f970f0efe' },
      { code: 'malformed_ciphertext', contactId: null },
    ]);
  });
});
