import { createKeyCache, FlowKeysError, type KeyStore } from 'flow-security-keys';
import { createClient } from 'flow-security-keys/client';
import { type RunningServer, startServer } from 'flow-security-keys/node';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { privateKeyOf, recordingNamed } from '../recordings/recordings.ts';
import { sha256Hex } from '../support/sha256.ts';

const card = recordingNamed('java rsa2048-card-number');
const privateKey = privateKeyOf(card);

const privateKeys = vi.fn<KeyStore['privateKeys']>();
const down = new FlowKeysError('key_store_unavailable', 'It is down.');
const traceIds: string[] = [];
let server: RunningServer;

beforeAll(async () => {
  server = await startServer({
    // Called for every request.
    keyStore: { privateKeys: (keyId, options) => privateKeys(keyId, options) },
    keyCache: createKeyCache({ timeToLive: 0, staleWhileUnavailable: 0, absentTimeToLive: 0 }),
    authorization: { bearerTokens: [{ sha256: sha256Hex('token') }] },
    port: 0,
    log: ({ traceId }) => traceIds.push(traceId),
  });
});
afterAll(() => server.stop());
beforeEach(() => {
  privateKeys.mockReset();
  privateKeys.mockResolvedValue([privateKey]);
});

const client = (options: { token?: string; retries?: number } = {}) =>
  createClient({ baseUrl: `${server.origin}/`, token: 'token', ...options });

describe('The client', () => {
  it('decrypts', async () => {
    expect(await client().decrypt(card.ciphertext, { keyId: card.keyId })).toMatchObject({
      plaintext: card.plaintext,
      keyId: card.keyId,
    });
  });

  it('decrypts a batch, with a result or an error for each item', async () => {
    const results = await client().decryptBatch([
      { ciphertext: card.ciphertext },
      { ciphertext: 'Timeout' },
      { ciphertext: card.ciphertext, keyId: 'another' },
    ]);
    expect(results[0]).toMatchObject({ plaintext: card.plaintext });
    const errors = results.slice(1).map((result) => ('error' in result ? result.error : undefined));
    expect(errors.map((error) => error instanceof FlowKeysError && error.code)).toEqual([
      'no_caller_input',
      'key_id_mismatch',
    ]);
  });

  it('inspects', async () => {
    expect(await client().inspect(card.ciphertext)).toMatchObject({ signature: 'valid', plaintextBytes: 16 });
  });

  it('throws FlowKeysError with the code from the service', async () => {
    const error: unknown = await client()
      .decrypt('Timeout')
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(FlowKeysError);
    expect(error).toMatchObject({ code: 'no_caller_input', message: expect.stringContaining('typed nothing') });
    await expect(client({ token: 'wrong' }).decrypt('Timeout')).rejects.toMatchObject({ code: 'unauthorized' });
  });

  it('retries while the service is unavailable', async () => {
    privateKeys.mockRejectedValueOnce(down).mockRejectedValueOnce(down);
    expect(await client().decrypt(card.ciphertext)).toMatchObject({ plaintext: card.plaintext });
    expect(privateKeys).toHaveBeenCalledTimes(3);
  });

  it('retries as often as configured, and only what may succeed', async () => {
    privateKeys.mockRejectedValue(down);
    await expect(client({ retries: 1 }).decrypt(card.ciphertext)).rejects.toMatchObject({
      code: 'key_store_unavailable',
    });
    expect(privateKeys).toHaveBeenCalledTimes(2);
    privateKeys.mockReset().mockResolvedValue([]);
    await expect(client().decrypt(card.ciphertext)).rejects.toMatchObject({ code: 'unknown_key' });
    expect(privateKeys).toHaveBeenCalledTimes(1);
  });

  it('stops when its signal is aborted, also between retries', async () => {
    privateKeys.mockRejectedValue(down);
    const signal = AbortSignal.timeout(100);
    await expect(client({ retries: 100 }).decrypt(card.ciphertext, { signal })).rejects.toMatchObject({
      code: 'deadline_exceeded',
    });
    await expect(client().decrypt(card.ciphertext, { signal })).rejects.toMatchObject({ code: 'deadline_exceeded' });
  });

  it('sends the trace', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    await client().inspect(card.ciphertext, { traceparent: `00-${traceId}-00f067aa0ba902b7-01` });
    expect(traceIds.at(-1)).toBe(traceId);
  });

  it('throws service_unreachable for a service that is down or a different one', async () => {
    const elsewhere = createClient({ baseUrl: 'http://127.0.0.1:9' });
    await expect(elsewhere.inspect(card.ciphertext)).rejects.toMatchObject({ code: 'service_unreachable' });
    for (const answer of ['null', '7', '{"results":7}']) {
      const fake = createClient({ baseUrl: 'https://x', fetch: async () => new Response(answer) });
      await expect(fake.decryptBatch([])).rejects.toMatchObject({ code: 'service_unreachable' });
    }
    for (const answer of ['<html>', '{}', '{"code":"other","detail":"x"}', 'null']) {
      const fake = createClient({ baseUrl: 'https://x', fetch: async () => new Response(answer, { status: 502 }) });
      await expect(fake.inspect(card.ciphertext)).rejects.toMatchObject({ code: 'service_unreachable' });
    }
  });
});
