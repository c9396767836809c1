import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { FlowKeysError, type KeyStore } from 'flow-security-keys';
import { flowSecurityKeys, type RequestLogLine } from 'flow-security-keys/hono';
import { type RunningServer, type ServerOptions, startServer } from 'flow-security-keys/node';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { pem, privateKeyOf, recordingNamed, testKeys } from '../recordings/recordings.ts';
import { sha256Hex } from '../support/sha256.ts';

const card = recordingNamed('java rsa2048-card-number');
const privateKey = privateKeyOf(card);

const servers: RunningServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function start(options: Partial<ServerOptions> = {}) {
  const lines: RequestLogLine[] = [];
  const server = await startServer({
    keyStore: { privateKeys: async () => [privateKey] },
    authorization: { isDevelopment: true },
    port: 0,
    log: (line) => lines.push(line),
    ...options,
  });
  servers.push(server);
  const decrypt = (init: RequestInit = {}) =>
    fetch(`${server.origin}/v1/decrypt`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ciphertext: card.ciphertext }),
      ...init,
    });
  return { server, lines, decrypt };
}

/** A key store whose first lookup waits until it is released. */
function heldStore() {
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  const { promise: answer, resolve: release } = Promise.withResolvers<readonly string[]>();
  const privateKeys = vi.fn<KeyStore['privateKeys']>(() => {
    ask();
    return answer;
  });
  return { keyStore: { privateKeys }, privateKeys, asked, release: () => release([privateKey]) };
}

/** The response to a ciphertext, as text. */
async function answerTo(decrypt: (init: RequestInit) => Promise<Response>, ciphertext: string): Promise<string> {
  const headers = { 'content-type': 'application/json', 'x-request-id': 'same' };
  return (await decrypt({ headers, body: JSON.stringify({ ciphertext }) })).text();
}

describe('The server on Node', () => {
  it('does not start without callers, or without a token on an address other than loopback', async () => {
    await expect(start({ authorization: {} })).rejects.toMatchObject({
      code: 'not_configured',
      message: expect.stringContaining('BEARER_TOKEN_HASHES'),
    });
    for (const hostname of ['0.0.0.0', '::', '10.0.0.1', 'localhost.example.com']) {
      await expect(start({ hostname })).rejects.toMatchObject({ code: 'not_configured' });
    }
  });

  it('decrypts', async () => {
    const { decrypt } = await start();
    expect(await (await decrypt()).json()).toMatchObject({ plaintext: card.plaintext });
  });

  it('has metrics for callers with the token, with codes and without secrets', async () => {
    const authorization = { bearerTokens: [{ sha256: sha256Hex('scraper'), routes: ['metrics'] }] };
    const { server, decrypt } = await start({ authorization });
    const headers = { authorization: 'Bearer scraper', 'content-type': 'application/json' };
    expect((await decrypt({ headers })).status).toBe(403);
    expect((await fetch(`${server.origin}/metrics`)).status).toBe(401);
    const metrics = await (await fetch(`${server.origin}/metrics`, { headers })).text();
    expect(metrics).toContain('flow_security_keys_requests_total{route="/v1/decrypt",status="403",code="forbidden"} 1');
    expect(metrics).toContain('flow_security_keys_request_duration_seconds_count{route="/v1/decrypt"} 1');
    expect(metrics).toContain('process_cpu_seconds_total');
    expect(metrics).not.toContain(card.ciphertext.slice(0, 40));
  });

  it('serves calls without a token over loopback only, whatever host they name', async () => {
    const app = flowSecurityKeys({
      keyStore: { privateKeys: async () => [privateKey] },
      authorization: { isDevelopment: true },
      log: () => {},
    });
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ciphertext: card.ciphertext }),
    };
    const from = (localAddress: string) =>
      app.request('http://localhost/v1/decrypt', init, { incoming: { socket: { localAddress } } });
    for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1']) expect((await from(address)).status).toBe(200);
    for (const address of ['10.0.0.1', '::ffff:10.0.0.1', '']) expect((await from(address)).status).toBe(500);
  });

  it('responds to invalid HTTP with a problem', async () => {
    const { server, lines } = await start();
    const { hostname, port } = new URL(server.origin);
    for (const request of [
      'GET / HTTP/1.1\r\nhost: a/b\r\nconnection: close\r\n\r\n',
      'GARBAGE\r\n\r\n',
      `GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`,
    ]) {
      const socket = connect(Number(port), hostname);
      const answered = text(socket);
      socket.write(request);
      expect(await answered).toMatch(/^HTTP\/1\.1 400 [\s\S]*problem\+json[\s\S]*"code":"invalid_request"/);
      expect(lines.at(-1)).toMatchObject({ status: 400, code: 'invalid_request' });
    }
    expect(lines).toHaveLength(3);
  });

  it('reports a body that breaks off as request_timeout, not as internal_error', async () => {
    const { server, lines } = await start();
    const { hostname, port } = new URL(server.origin);
    const socket = connect(Number(port), hostname);
    const head =
      'POST /v1/decrypt HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{';
    socket.write(head.replace('host: x', `host: 127.0.0.1:${port}`), () => socket.destroy());
    await vi.waitFor(() => expect(lines).toMatchObject([{ status: 408, code: 'request_timeout' }]));
  });

  it('responds the same to a wrong key, an altered tag and an invalid signature', async () => {
    const bytes = Buffer.from(card.ciphertext, 'base64');
    // The footer is the signature, after its length in two bytes. The tag of the last frame comes before it.
    const signatureBytes = [100, 101, 102, 103, 104].find(
      (length) => bytes.readUInt16BE(bytes.length - length - 2) === length,
    );
    const flipped = (index: number) => Buffer.from(bytes.with(index, (bytes[index] ?? 0) ^ 1)).toString('base64');
    const wrong = pem('PRIVATE KEY', testKeys.find(({ keyId }) => keyId !== card.keyId)?.privateKeyPkcs8 ?? '');
    const [right, other] = [await start(), await start({ keyStore: { privateKeys: async () => [wrong] } })];
    const answers = await Promise.all([
      answerTo(other.decrypt, card.ciphertext),
      answerTo(right.decrypt, flipped(bytes.length - (signatureBytes ?? 0) - 3)),
      answerTo(right.decrypt, flipped(bytes.length - 1)),
    ]);
    expect(answers[0]).toContain('"code":"decryption_failed"');
    // Except for the id of each request.
    const alike = answers.map((answer) =>
      JSON.stringify({ ...JSON.parse(answer.slice(answer.indexOf('{'))), requestId: '' }),
    );
    expect(new Set(alike).size).toBe(1);
  });

  it('responds although its log fails, and reports a port that is in use', async () => {
    const { server, decrypt } = await start({
      log: () => {
        throw new Error('The log is full.');
      },
    });
    expect((await decrypt()).status).toBe(200);
    const port = Number(new URL(server.origin).port);
    await expect(start({ port })).rejects.toMatchObject({ code: 'not_configured' });
  });

  it('finishes requests in flight when it stops, and refuses new ones with 503', async () => {
    const { keyStore, asked, release } = heldStore();
    const { server, lines, decrypt } = await start({ keyStore });
    const underWay = decrypt();
    await asked;
    const stopped = server.stop();
    const refused = await decrypt();
    expect([refused.status, refused.headers.get('connection'), refused.headers.get('retry-after')]).toEqual([
      503,
      'close',
      '1',
    ]);
    expect(await refused.json()).toMatchObject({
      code: 'shutting_down',
      requestId: refused.headers.get('x-request-id'),
    });
    expect(lines).toMatchObject([{ status: 503, code: 'shutting_down' }]);
    release();
    expect(await (await underWay).json()).toMatchObject({ plaintext: card.plaintext });
    await stopped;
    await expect(decrypt()).rejects.toThrow('fetch failed');
  });

  it('stops after the timeout of a call, whatever is in flight', async () => {
    const { keyStore, asked } = heldStore();
    const { server, decrypt } = await start({ keyStore, timeout: 50 });
    const underWay = decrypt();
    await asked;
    await server.stop();
    expect((await underWay).status).toBe(504);
  });

  it('aborts a call whose client disconnects, and serves the next one', async () => {
    const { keyStore, asked, release } = heldStore();
    const { lines, decrypt } = await start({ keyStore });
    const client = new AbortController();
    const call = decrypt({ signal: client.signal });
    await asked;
    client.abort();
    await expect(call).rejects.toThrow();
    await vi.waitFor(() => expect(lines).toMatchObject([{ status: 504, code: 'deadline_exceeded' }]));
    release();
    expect((await decrypt()).status).toBe(200);
  });

  it('waits no longer than the timeout for a client that sends its body slowly', async () => {
    const { server, decrypt } = await start({ timeout: 200 });
    const { hostname, port } = new URL(server.origin);
    const slow = connect(Number(port), hostname);
    const answered = text(slow);
    slow.write(
      'POST /v1/decrypt HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"cipher',
    );
    expect((await decrypt()).status).toBe(200);
    expect(await Promise.race([answered, once(slow, 'data').then(([data]) => String(data))])).toMatch(
      /^HTTP\/1\.1 408 [\s\S]*"code":"request_timeout"/,
    );
    slow.destroy();
  });

  it('fails only the items of a batch whose key does not arrive', async () => {
    const other = recordingNamed('java rsa3072-card-number');
    const keyStore: KeyStore = {
      privateKeys: async (keyId) => (keyId === card.keyId ? [privateKey] : new Promise(() => {})),
    };
    const { server } = await start({ keyStore, timeout: 200 });
    const response = await fetch(`${server.origin}/v1/decrypt/batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ items: [other, card, other].map(({ ciphertext }) => ({ ciphertext })) }),
    });
    expect(await response.json()).toMatchObject({
      results: [
        { error: { code: 'deadline_exceeded' } },
        { plaintext: card.plaintext },
        { error: { code: 'deadline_exceeded' } },
      ],
    });
  });

  it('asks the store once for simultaneous calls that need the same key', async () => {
    const { keyStore, privateKeys, asked, release } = heldStore();
    const { decrypt } = await start({ keyStore });
    const calls = Array.from({ length: 100 }, () => decrypt());
    await asked;
    release();
    expect(new Set((await Promise.all(calls)).map(({ status }) => status))).toEqual(new Set([200]));
    expect(privateKeys).toHaveBeenCalledTimes(1);
  });

  it('is not ready before its store has responded, and asks it once for all waiting requests', async () => {
    const { keyStore, asked, release } = heldStore();
    const { server } = await start({ keyStore });
    const readiness = Array.from({ length: 40 }, () => fetch(`${server.origin}/readyz`));
    await asked;
    release();
    expect(new Set((await Promise.all(readiness)).map(({ status }) => status))).toEqual(new Set([200]));
    expect(keyStore.privateKeys).toHaveBeenCalledTimes(1);
  });

  it('caches for as long that it is not ready', async () => {
    const privateKeys = vi.fn<KeyStore['privateKeys']>(() => Promise.reject(new Error('down')));
    const { server } = await start({ keyStore: { privateKeys } });
    for (let call = 0; call < 5; call += 1) expect((await fetch(`${server.origin}/readyz`)).status).toBe(503);
    expect(privateKeys).toHaveBeenCalledTimes(1);
  });

  it('is ready when its store responds, and asks it at most every five seconds', async () => {
    const privateKeys = vi.fn<KeyStore['privateKeys']>(async () => []);
    const { server } = await start({ keyStore: { privateKeys } });
    const readiness = () => fetch(`${server.origin}/readyz`);
    for (let call = 0; call < 5; call += 1) expect((await readiness()).status).toBe(200);
    expect(privateKeys).toHaveBeenCalledTimes(1);

    privateKeys.mockRejectedValue(new FlowKeysError('key_store_unavailable', 'It is down.'));
    const now = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 5_000);
    const unready = await readiness();
    expect([unready.status, await unready.json()]).toMatchObject([503, { code: 'key_store_unavailable' }]);
    now.mockRestore();
  });
});
