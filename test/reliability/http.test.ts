import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { privateKeyBinding } from '../../adapters/stores/bindings.ts';
import { writeKeyDirectory } from '../../demo/key-directory.ts';
import type { LocalService } from '../../demo/local-service.ts';
import { startNode } from '../../demo/node.ts';
import { privateKeyOf, recordingNamed } from '../recordings/recordings.ts';
import { hasPython, schemathesis } from '../support/python.ts';
import { sha256Hex } from '../support/sha256.ts';
import { startWorkerd } from '../support/workerd.ts';

const card = recordingNamed('java rsa2048-card-number');
const privateKey = privateKeyOf(card);

const token = 'token-of-this-test';
const settings = { BEARER_TOKEN_HASHES: sha256Hex(token) };
const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
const call = { method: 'POST', headers, body: JSON.stringify({ ciphertext: card.ciphertext }) } as const;

// Enough for the heaps of both runtimes to reach a stable size.
const warmUp = 15_000;
const requests = 10_000;
const connections = 64;

type Start = (more?: Readonly<Record<string, string>>) => Promise<LocalService>;

const services: Readonly<Record<string, Start>> = {
  'on Node': async (more) => startNode(['--keys', await keyDirectory()], { ...settings, ...more }),
  'on workerd': (more) => startWorkerd({ ...settings, ...more, [privateKeyBinding(card.keyId)]: privateKey }),
};

describe.for(Object.entries(services))('The HTTP service %s', { timeout: 150_000 }, ([name, start]) => {
  let service: LocalService;
  beforeAll(async () => {
    service = await start();
  });
  afterAll(() => service.stop());

  it.skipIf(!hasPython())('matches its OpenAPI description for generated requests', async ({ annotate }) => {
    const child = spawn(
      schemathesis,
      [
        ...['--config-file', fileURLToPath(new URL('schemathesis.toml', import.meta.url))],
        ...['run', `${service.origin}/openapi.json`, '--checks', 'all', '--max-examples', '200', '--no-color'],
        ...['--header', `Authorization: ${headers.authorization}`],
      ],
      { stdio: ['ignore', 'pipe', 'pipe'], cwd: tmpdir() },
    );
    const [output, [exitCode]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    const [summary = ''] = output.match(/Test cases:\n.*/) ?? [];
    await annotate(`schemathesis, all checks, ${name}: ${summary.replace(/Test cases:\s+/, '')}`);
    expect(exitCode, output).toBe(0);
    expect(summary).toMatch(/\d{3,} generated, \d{3,} passed/);
  });

  it(`answers ${requests} requests of ${connections} concurrent clients without leaking memory`, async ({
    annotate,
  }) => {
    await load(service, warmUp);
    const before = await residentMegabytes(service);
    const result = await load(service, requests);
    const after = await residentMegabytes(service);
    await annotate(
      `${requests} requests, ${connections} at once, ${name}: ${result.non2xx} non-2xx, ${result.errors} errors; ` +
        `median ${result.latency.p50} ms, p99 ${result.latency.p99} ms, ${Math.round(result.requests.average)} a second; ` +
        `memory ${before.toFixed(0)} MB before, ${after.toFixed(0)} MB after`,
    );
    expect([result['2xx'], result.non2xx, result.errors, result.timeouts]).toEqual([requests, 0, 0, 0]);
    expect(after).toBeLessThan(1.1 * before);
  });

  it('still answers after clients disconnect during their calls', async ({ annotate }) => {
    let aborted = 0;
    await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const signal = AbortSignal.timeout(index * 5);
        await fetch(`${service.origin}/v1/decrypt`, { ...call, signal }).then(
          (response) => response.arrayBuffer().catch(() => {}),
          () => {
            aborted += 1;
          },
        );
      }),
    );
    await annotate(`200 calls ${name}: ${aborted} aborted by their clients`);
    expect(aborted).toBeGreaterThan(0);
    await expectService(service);
  });
});

describe.for(Object.entries(services))('A fresh HTTP service %s', ([, start]) => {
  it('still answers when the first client disconnects, and when 100 calls need one uncached key at once', async () => {
    const service = await start();
    const gone = new AbortController();
    const first = fetch(`${service.origin}/v1/decrypt`, { ...call, signal: gone.signal });
    setImmediate(() => gone.abort());
    await expect(first).rejects.toThrow('abort');
    const answers = Array.from({ length: 100 }, () => fetch(`${service.origin}/v1/decrypt`, call));
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200]));
    await expectService(service);
    await service.stop();
  });

  it('times out a slow body like a slow call, and answers others meanwhile', async () => {
    const service = await start({ TIMEOUT: '500' });
    const { hostname, port } = new URL(service.origin);
    const slow = connect(Number(port), hostname);
    const head = Object.entries({ host: `${hostname}:${port}`, ...headers, 'content-length': '1000' });
    slow.write(`POST /v1/decrypt HTTP/1.1\r\n${head.map((header) => `${header.join(': ')}\r\n`).join('')}\r\n{"cipher`);
    await expectService(service);
    const [answer] = await once(slow, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 408 /);
    slow.destroy();
    await expectService(service);
    await service.stop();
  });

  it('accepts only the tokens of its issuer', async () => {
    const { publicKey, privateKey: signingKey } = await generateKeyPair('ES256');
    const { privateKey: otherKey } = await generateKeyPair('ES256');
    const keySet = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: '1', alg: 'ES256' }] });
    const issuer = createServer((_request, response) => response.end(keySet)).listen(0, '127.0.0.1');
    await once(issuer, 'listening');
    const address = issuer.address();
    if (address === null || typeof address === 'string') throw new Error('The issuer has no port.');
    const service = await start({
      JWT_ISSUER: 'https://issuer.example',
      JWT_AUDIENCE: 'keys',
      JWT_JWKS_URL: `http://127.0.0.1:${address.port}`,
      JWT_ROUTES: 'decrypt',
    });
    const statusWith = async (key: CryptoKey) => {
      const claims = new SignJWT({ sub: 'desk' })
        .setIssuer('https://issuer.example')
        .setAudience('keys')
        .setExpirationTime('5m');
      const jwt = await claims.setProtectedHeader({ alg: 'ES256', kid: '1' }).sign(key);
      const authorization = `Bearer ${jwt}`;
      const response = await fetch(`${service.origin}/v1/decrypt`, { ...call, headers: { ...headers, authorization } });
      await response.arrayBuffer();
      return response.status;
    };
    // Two at once: in a Worker, one request must not wait for keys that another one fetches.
    expect(await Promise.all([statusWith(signingKey), statusWith(signingKey)])).toEqual([200, 200]);
    expect(await statusWith(otherKey)).toBe(401);
    issuer.close();
    const written = await service.stop();
    expect(written).toContain('"code":"unauthorized","cause":{"name"');
    expect(written).toContain('ERR_JWS_SIGNATURE_VERIFICATION_FAILED');
  });
});

async function expectService({ origin }: LocalService): Promise<void> {
  const response = await fetch(`${origin}/v1/decrypt`, call);
  expect(await response.json()).toMatchObject({ plaintext: card.plaintext });
}

function load({ origin }: LocalService, amount: number) {
  return autocannon({ url: `${origin}/v1/decrypt`, ...call, amount, connections });
}

async function residentMegabytes({ processId }: LocalService): Promise<number> {
  const status = await readFile(`/proc/${processId}/status`, 'utf8');
  return Number(status.match(/VmRSS:\s+(\d+) kB/)?.[1]) / 1_000;
}

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

async function keyDirectory(): Promise<string> {
  const folder = await writeKeyDirectory([[card.keyId, privateKey]]);
  folders.push(folder);
  return folder;
}
