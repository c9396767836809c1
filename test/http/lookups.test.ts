import { FlowKeysError, type KeyStore } from 'flow-security-keys';
import { type FlowSecurityKeysOptions, flowSecurityKeys, settingsFrom } from 'flow-security-keys/hono';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { contactFlowEvent, recordingNamed, testKeyStore } from '../recordings/recordings.ts';
import { consumerDocuments } from '../support/consumer-documents.ts';
import { sha256Hex } from '../support/sha256.ts';

const card = recordingNamed('java rsa2048-card-number');

afterEach(() => {
  vi.useRealTimers();
});

/** A service with two callers, and the lookups in its stores. */
function service() {
  const privateKeys = vi.fn<KeyStore['privateKeys']>(testKeyStore.privateKeys);
  const consumer = vi.fn(async (name: string) => consumerDocuments().get(name));
  const options: FlowSecurityKeysOptions = {
    ...settingsFrom({
      BEARER_TOKEN_HASHES: [sha256Hex('inventor'), sha256Hex('other')].map((hash) => `${hash}:consumers=*`).join(' '),
      CONSUMERS: '*',
    }),
    keyStore: { privateKeys },
    consumerStore: { consumer },
    log: () => {},
    audit: () => {},
  };
  const app = flowSecurityKeys(options);
  async function post(path: string, token: string, body: unknown) {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const response = await app.request(path, { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: response.status, body: await response.json() };
  }
  return { post, privateKeys, consumer };
}

let invented = 0;

/** The recording with a key id that no store has. */
function inventedCiphertext(): string {
  invented += 1;
  const keyId = `0000c0de-0000-4000-8000-${String(invented).padStart(12, '0')}`;
  return btoa(atob(card.ciphertext).replace(card.keyId, keyId));
}

const codesOf = ({ body }: { readonly body: { readonly results: readonly { readonly error?: { code: string } }[] } }) =>
  body.results.map(({ error }) => error?.code ?? 'ok');

describe('A caller that sends unknown names', () => {
  it('gets few key ids of a batch looked up, while known ones in the same batch are decrypted', async () => {
    const { post, privateKeys } = service();
    const items = Array.from({ length: 100 }, () => ({ ciphertext: inventedCiphertext() }));
    const codes = codesOf(await post('/v1/decrypt/batch', 'inventor', { items }));
    expect(codes.filter((code) => code === 'unknown_key')).toHaveLength(8);
    expect(codes.filter((code) => code === 'rate_limited')).toHaveLength(92);
    expect(privateKeys).toHaveBeenCalledTimes(8);

    await post('/v1/decrypt', 'inventor', { ciphertext: card.ciphertext });
    const mixed = [...items.slice(8), { ciphertext: card.ciphertext }];
    expect(codesOf(await post('/v1/decrypt/batch', 'inventor', { items: mixed })).at(-1)).toBe('ok');
  });

  it('gets few lookups per second over all its requests, and does not hold up other callers', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const { post, privateKeys } = service();
    const decrypt = (token: string, ciphertext: string) => post('/v1/decrypt', token, { ciphertext });
    for (let call = 0; call < 50; call += 1) await decrypt('inventor', inventedCiphertext());
    expect(privateKeys).toHaveBeenCalledTimes(20);
    expect(await decrypt('inventor', inventedCiphertext())).toMatchObject({
      status: 429,
      body: { code: 'rate_limited' },
    });
    expect((await decrypt('other', card.ciphertext)).status).toBe(200);
    expect((await decrypt('inventor', card.ciphertext)).status).toBe(200);
    vi.setSystemTime(Date.now() + 1_000);
    expect((await decrypt('inventor', inventedCiphertext())).status).toBe(404);
  });

  it('gets few consumers looked up, for a message or for an event', async () => {
    const { post, consumer } = service();
    const consumers = Array.from({ length: 50 }, (_, index) => `invented-${index}`);
    const body = { ciphertext: card.ciphertext, field: 'card', consumers };
    const codes = codesOf(await post('/v1/reencrypt', 'inventor', body));
    expect(codes.filter((code) => code === 'rate_limited')).toHaveLength(42);
    expect(consumer).toHaveBeenCalledTimes(8);
    const event = contactFlowEvent({
      'my-secret-string': card.ciphertext,
      consumer: consumers.map((name) => `${name}-again`).join(),
    });
    await post('/v1/connect', 'other', event);
    expect(consumer).toHaveBeenCalledTimes(16);
  });

  it('gets few key ids of an event looked up', async () => {
    const { post, privateKeys } = service();
    const fields = Array.from({ length: 20 }, (_, index) => [`field-${index}`, inventedCiphertext()] as const);
    await post('/v1/connect', 'inventor', contactFlowEvent(Object.fromEntries(fields)));
    expect(privateKeys).toHaveBeenCalledTimes(8);
  });
});

it('Names that the store has are not limited: a hundred new key ids are all looked up', async () => {
  const { post, privateKeys } = service();
  privateKeys.mockImplementation(() => testKeyStore.privateKeys(card.keyId));
  const items = Array.from({ length: 100 }, () => ({ ciphertext: inventedCiphertext() }));
  expect(new Set(codesOf(await post('/v1/decrypt/batch', 'inventor', { items })))).toEqual(
    // The signature covers the key id.
    new Set(['decryption_failed']),
  );
  expect(privateKeys).toHaveBeenCalledTimes(100);
});

it('A store that is down is not asked for more names than that, either', async () => {
  const { post, privateKeys } = service();
  privateKeys.mockRejectedValue(new FlowKeysError('key_store_unavailable', 'It is down.'));
  const items = Array.from({ length: 100 }, () => ({ ciphertext: inventedCiphertext() }));
  await post('/v1/decrypt/batch', 'inventor', { items });
  expect(privateKeys).toHaveBeenCalledTimes(8);
});

it('A name that many requests need before it is cached is looked up once for all of them', async () => {
  const { post, privateKeys } = service();
  const calls = Array.from({ length: 60 }, () => post('/v1/decrypt', 'inventor', { ciphertext: card.ciphertext }));
  expect(new Set((await Promise.all(calls)).map(({ status }) => status))).toEqual(new Set([200]));
  expect(privateKeys).toHaveBeenCalledTimes(1);
});
