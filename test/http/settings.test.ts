import worker from 'deployed/worker';
import { flowSecurityKeys } from 'flow-security-keys/hono';
import { describe, expect, it, vi } from 'vitest';

const inspection = {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: '{"ciphertext":"Timeout"}',
};

function call(url: string, bindings: Record<string, unknown>): Promise<Response> {
  return Promise.resolve(worker.fetch(new Request(url, inspection), bindings));
}

describe('The worker', () => {
  it('refuses every call if neither tokens nor the development flag are configured', async () => {
    const response = await call('http://127.0.0.1/v1/inspect', {});
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({
      code: 'not_configured',
      detail: expect.stringContaining('BEARER_TOKEN_HASHES'),
    });
  });

  it.for(['http://127.0.0.1:8787', 'http://localhost', 'http://[::1]:1'])(
    'serves %s in development',
    async (origin) => {
      expect((await call(`${origin}/v1/inspect`, { DEVELOPMENT: 'true' })).status).toBe(422);
    },
  );

  it.for([
    'http://10.0.0.1',
    'https://service.example',
    'http://127.0.0.1.example.com',
    'http://localhost.example.com',
  ])('refuses %s in development', async (origin) => {
    expect(await (await call(`${origin}/v1/inspect`, { DEVELOPMENT: 'true' })).json()).toMatchObject({
      code: 'not_configured',
    });
  });

  it('requires a token in development, too, once one is configured', async () => {
    const response = await call('http://127.0.0.1/v1/inspect', {
      DEVELOPMENT: 'true',
      BEARER_TOKEN_HASHES: 'a'.repeat(64),
    });
    expect(response.status).toBe(401);
  });

  it('asks for a token in the forms of /docs only if it needs one', async () => {
    const forms = async (bindings: Record<string, unknown>) =>
      (await (await worker.fetch(new Request('http://127.0.0.1/docs'), bindings)).text()).match(
        /<form[^>]* data-token>/g,
      );
    expect(await forms({ DEVELOPMENT: 'true' })).toBeNull();
    expect(await forms({ BEARER_TOKEN_HASHES: 'a'.repeat(64) })).toHaveLength(5);
  });

  it('refuses every call if a hash is invalid', async () => {
    const response = await call('http://127.0.0.1/v1/inspect', { BEARER_TOKEN_HASHES: 'my-token' });
    expect(await response.json()).toMatchObject({ code: 'not_configured' });
  });
});

describe('An invalid setting of the worker', () => {
  it('gets a response and a log line like every other error', async () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    const response = await call('http://127.0.0.1/v1/inspect', { DEVELOPMENT: 'true', TIMEOUT: 'abc' });
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toMatchObject({ code: 'not_configured', detail: expect.stringContaining('TIMEOUT') });
    expect(log.mock.calls.map(([line]) => JSON.parse(line))).toMatchObject([{ status: 500, code: 'not_configured' }]);
    log.mockRestore();
  });
});

describe('The worker with a dataset of the Analytics Engine', () => {
  it('writes a data point for each request: route, status, code and time, and no secret', async () => {
    const points: unknown[] = [];
    const ANALYTICS = { writeDataPoint: (point: unknown) => points.push(point) };
    await call('http://127.0.0.1/v1/inspect', { DEVELOPMENT: 'true', ANALYTICS });
    expect(points).toEqual([
      {
        indexes: ['/v1/inspect'],
        blobs: ['POST', '/v1/inspect', 'no_caller_input', 'development'],
        doubles: [422, expect.any(Number)],
      },
    ]);
  });
});

describe('flowSecurityKeys', () => {
  it('responds in time if the key store does not', async () => {
    const app = flowSecurityKeys({
      keyStore: { privateKeys: () => new Promise(() => {}) },
      authorization: { isDevelopment: true },
      timeout: 5,
      log: () => {},
    });
    const { recordings } = await import('../recordings/recordings.ts');
    const body = JSON.stringify({ ciphertext: recordings[0]?.ciphertext });
    const response = await app.request('http://localhost/v1/decrypt', { ...inspection, body });
    expect([response.status, await response.json()]).toMatchObject([504, { code: 'deadline_exceeded' }]);
  });
});
