import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalService } from '../../adapters/demonstration/local-service.ts';
import { startNode } from '../../adapters/demonstration/node.ts';
import { bindingName } from '../../adapters/key-stores/bindings.ts';
import { pem, recordingNamed, testKeys } from '../recordings/recordings.ts';
import { hasPython, schemathesis } from '../support/python.ts';
import { sha256Hex } from '../support/sha256.ts';
import { startWorkerd } from '../support/workerd.ts';

const card = recordingNamed('java rsa2048-card-number');
const privateKey = pem('PRIVATE KEY', testKeys.find(({ keyId }) => keyId === card.keyId)?.privateKeyPkcs8 ?? '');

const token = 'token-of-this-test';
const settings = { BEARER_TOKEN_HASHES: sha256Hex(token) };
const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
const call = { method: 'POST', headers, body: JSON.stringify({ ciphertext: card.ciphertext }) } as const;

// Until the heaps of both runtimes have grown to what they stay at.
const warmUp = 15_000;
const requests = 10_000;
const connections = 64;

const services: Readonly<Record<string, () => Promise<LocalService>>> = {
  'on Node': async () => startNode(['--keys', await keyDirectory()], settings),
  'on workerd': () => startWorkerd({ ...settings, [bindingName(card.keyId)]: privateKey }),
};

describe.for(Object.entries(services))('The HTTP service %s', { timeout: 150_000 }, ([name, start]) => {
  let service: LocalService;
  beforeAll(async () => {
    service = await start();
  });
  afterAll(() => service.stop());

  it.skipIf(!hasPython())('keeps to its own description, whatever it is sent', async ({ annotate }) => {
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

  it(`answers ${requests} requests of ${connections} clients at once, and keeps no memory of them`, async ({
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

  it('serves on after clients that went in the middle of their calls', async ({ annotate }) => {
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
  it('serves on when its very first call was aborted, and when 100 calls need one cold key at once', async () => {
    const service = await start();
    await fetch(`${service.origin}/v1/decrypt`, { ...call, signal: AbortSignal.timeout(5) }).catch(() => {});
    const answers = Array.from({ length: 100 }, () => fetch(`${service.origin}/v1/decrypt`, call));
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200]));
    await expectService(service);
    await service.stop();
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
  const folder = await mkdtemp(join(tmpdir(), 'keys-'));
  folders.push(folder);
  await mkdir(join(folder, card.keyId));
  await writeFile(join(folder, card.keyId, 'private-key.pem'), privateKey, { mode: 0o600 });
  return folder;
}
