import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { createClient } from 'flow-security-keys/client';
import { flowSecurityKeys, type RequestLogLine, settingsFrom } from 'flow-security-keys/hono';
import { startServer } from 'flow-security-keys/node';
import { describe, expect, it, vi } from 'vitest';
import { createToken } from '../../cli/commands/token.ts';
import { recordingNamed, testKeyStore } from '../recordings/recordings.ts';
import { sha256Hex } from '../support/sha256.ts';

const card = recordingNamed('java rsa2048-card-number');
const jsonType = { 'content-type': 'application/json' };
const body = JSON.stringify({ ciphertext: card.ciphertext });
const development = { ...settingsFrom({ DEVELOPMENT: 'true' }), keyStore: testKeyStore };

describe('BEARER_TOKEN_HASHES', () => {
  const hash = sha256Hex('token');

  it.for([
    ['a hash twice', `${hash} ${hash}:routes=decrypt`],
    ['a limit twice', `${hash}:routes=decrypt:routes=inspect`],
    ['a second "="', `${hash}:key-ids=a=b`],
    ['a limit without a list', `${hash}:consumers`],
    ['an empty list', `${hash}:key-ids=`],
    ['an empty entry', `${hash}:key-ids=a1,,b1`],
    ['an invalid key id', `${hash}:key-ids=4111111111111111`],
    ['an invalid field', `${hash}:fields=1234`],
    ['an unknown route', `${hash}:routes=decrypt,everything`],
    ['the name of a member of every object', `${hash}:constructor=x`],
    ['a hash in capitals', hash.toUpperCase()],
  ])('is refused with %s', ([, setting = '']) => {
    expect(() => settingsFrom({ BEARER_TOKEN_HASHES: setting })).toThrow(/BEARER_TOKEN_HASHES/);
  });

  it('is not printed by "flow-keys token" for options that it would misread', () => {
    for (const keyIds of ['a1:routes=inspect', 'a1 b1', 'a=b', 'a1,,b1', '']) {
      expect(() => createToken({ keyIds })).toThrow(expect.objectContaining({ code: 'invalid_option' }));
    }
    expect(createToken({ keyIds: 'a1,b1', consumers: '*' }).value).toMatchObject({
      bearerTokenHash: expect.stringMatching(/^[0-9a-f]{64}:key-ids=a1,b1:consumers=\*$/),
    });
  });

  it('is compared as a whole: a token whose hash only begins alike is refused', async () => {
    const alike = hash.slice(0, 8) + sha256Hex('other').slice(8);
    const app = flowSecurityKeys({
      keyStore: testKeyStore,
      authorization: { bearerTokens: [{ sha256: alike }] },
      log: () => {},
    });
    const headers = { ...jsonType, authorization: 'Bearer token' };
    expect((await app.request('/v1/decrypt', { method: 'POST', headers, body })).status).toBe(401);
  });
});

describe('The id of a request', () => {
  async function logged(sent: string): Promise<RequestLogLine | undefined> {
    const lines: RequestLogLine[] = [];
    const app = flowSecurityKeys({ ...development, log: (line) => lines.push(line) });
    const response = await app.request('http://localhost/healthz', { headers: { 'x-request-id': sent } });
    expect(response.headers.get('x-request-id')).toBe(lines[0]?.requestId);
    return lines[0];
  }

  it('is made by the service, and the id that a client sends is logged, too', async () => {
    expect(await logged('client-1')).toMatchObject({
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      clientRequestId: 'client-1',
    });
  });

  it.for(['4111111111111111', 'a b', 'x'.repeat(129), '<x>'])('is not %s', async (sent) => {
    expect(await logged(sent)).not.toHaveProperty('clientRequestId');
  });
});

it('A line of the log or of the audit holds no control, line separator or bidi character', async () => {
  const lines: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(line));
  const hostile = 'a\u0000\n\u0085\u2028\u2029\u202e\u2066\u200f\u001b[31mb';
  const app = flowSecurityKeys({ ...development, authorization: { isDevelopment: true } });
  await app.request(`http://localhost/${encodeURIComponent(hostile)}`);
  await app.request('http://localhost/v1/decrypt', { method: 'POST', headers: jsonType, body });
  log.mockRestore();
  const { logLine } = await import('../../src/log-line.ts');
  lines.push(logLine({ caller: hostile }));
  expect(lines).toHaveLength(3);
  for (const line of lines) expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
  expect(JSON.parse(lines.at(-1) ?? '')).toEqual({ caller: hostile });
});

describe('In development', () => {
  it.for([
    { forwarded: 'for=192.0.2.1' },
    { via: '1.1 proxy' },
    { 'x-forwarded-for': '192.0.2.1' },
    { 'x-forwarded-host': 'localhost' },
    { 'x-real-ip': '127.0.0.1' },
    { 'cf-connecting-ip': '192.0.2.1' },
    { origin: 'https://elsewhere.example' },
    { origin: 'null' },
  ])('a call with %o is refused', async (headers) => {
    const app = flowSecurityKeys({ ...development, log: () => {} });
    const init = { method: 'POST', headers: { ...jsonType, ...headers } as Record<string, string>, body };
    const response = await app.request('http://localhost/v1/decrypt', init);
    expect([response.status, await response.json()]).toMatchObject([500, { code: 'not_configured' }]);
  });

  it('a page of this machine may call', async () => {
    const app = flowSecurityKeys({ ...development, log: () => {} });
    const headers = { ...jsonType, origin: 'http://127.0.0.1:8787', 'cf-connecting-ip': '127.0.0.1' };
    expect((await app.request('http://localhost/v1/decrypt', { method: 'POST', headers, body })).status).toBe(200);
  });
});

describe('The client', () => {
  it('does not follow a redirect', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(307, { location: '/elsewhere' }).end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const client = createClient({ baseUrl: `http://127.0.0.1:${port}`, token: 'token' });
    await expect(client.decrypt(card.ciphertext)).rejects.toMatchObject({ code: 'service_unreachable' });
    expect(asked).toEqual(['/v1/decrypt']);
    server.close();
  });

  it.for(['http://keys.example', 'http://10.0.0.1', 'ftp://keys.example', 'keys.example'])('refuses %s', (baseUrl) => {
    expect(() => createClient({ baseUrl })).toThrow(expect.objectContaining({ code: 'not_configured' }));
  });
});

describe('The server on Node', () => {
  it('refuses a request with two hosts', async () => {
    const server = await startServer({ ...development, port: 0, log: () => {}, audit: () => {} });
    const { hostname, port } = new URL(server.origin);
    const socket = connect(Number(port), hostname);
    socket.end(`GET /healthz HTTP/1.1\r\nhost: localhost\r\nHost: elsewhere\r\nconnection: close\r\n\r\n`);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 [\s\S]*"invalid_request"/);
    await server.stop();
  });

  it('counts the items of a batch in its rate limit, for each caller', async () => {
    const server = await startServer({
      ...settingsFrom({ BEARER_TOKEN_HASHES: `${sha256Hex('eager')} ${sha256Hex('other')}` }),
      keyStore: testKeyStore,
      port: 0,
      rateLimit: 10,
      log: () => {},
    });
    const call = async (token: string, items: number) => {
      const isBatch = items > 1;
      const response = await fetch(`${server.origin}/v1/decrypt${isBatch ? '/batch' : ''}`, {
        method: 'POST',
        headers: { ...jsonType, authorization: `Bearer ${token}` },
        body: isBatch ? JSON.stringify({ items: Array(items).fill({ ciphertext: card.ciphertext }) }) : body,
      });
      return response.status;
    };
    expect(await call('eager', 9)).toBe(200);
    expect(await call('eager', 1)).toBe(200);
    expect([await call('eager', 1), await call('eager', 9)]).toEqual([429, 429]);
    expect(await call('other', 10)).toBe(200);
    await server.stop();
  });
});
