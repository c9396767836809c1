import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { writeKeyDirectory } from '../../demo/key-directory.ts';
import { stopProcess } from '../../demo/local-service.ts';
import { flowKeys } from '../../demo/node.ts';
import { privateKeyOf, recordingNamed } from '../recordings/recordings.ts';
import { consumerDocuments } from '../support/consumer-documents.ts';

const card = recordingNamed('java rsa2048-card-number');

let directory: string;
beforeAll(async () => {
  directory = await writeKeyDirectory([[card.keyId, privateKeyOf(card)]]);
  await mkdir(join(directory, 'consumers'));
  await writeFile(join(directory, 'consumers/ledger.json'), consumerDocuments().get('ledger') ?? '');
});
afterAll(() => rm(directory, { recursive: true }));

let service: ChildProcess | undefined;
afterEach(async () => {
  if (service) await stopProcess(service);
  service = undefined;
});

/** Starts the service with its standard output redirected by a shell. */
function start(redirection: string, port: number, environment: Readonly<Record<string, string>> = {}, before = '') {
  const command = `${before} exec "$0" "$@" ${redirection}`;
  const args = [flowKeys, 'serve', '--keys', directory, '--port', String(port)];
  const child = spawn('sh', ['-c', command, process.execPath, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], DEVELOPMENT: 'true', ...environment },
  });
  service = child;
  return child;
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Waits until the service responds. */
async function serving(origin: string): Promise<void> {
  for (;;) {
    const isUp = await fetch(`${origin}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp) return;
  }
}

async function reencrypt(origin: string, contactId: string): Promise<{ status: number; code: string }> {
  const response = await fetch(`${origin}/v1/reencrypt`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ciphertext: card.ciphertext, field: 'card', consumers: ['ledger'], contactId }),
  });
  const { code = 'ok' }: { code?: string } = await response.json();
  return { status: response.status, code };
}

describe('Nothing is returned without an audit record', () => {
  it('if nobody reads the pipe: a line may be written later, but no response lacks its line', async () => {
    const child = start('', 0);
    const [first] = await once(child.stdout, 'data');
    child.stdout.pause();
    const { origin }: { origin: string } = JSON.parse(String(first));
    const answered: string[] = [];
    const refused: string[] = [];
    for (let round = 0; refused.length === 0; round += 1) {
      const ids = Array.from({ length: 50 }, (_, index) => `contact-${round}-${index}`);
      const answers = await Promise.all(ids.map(async (id) => [id, await reencrypt(origin, id)] as const));
      for (const [id, { status, code }] of answers) {
        if (status === 200) answered.push(id);
        else refused.push(code);
      }
    }
    expect(new Set(refused)).toEqual(new Set(['audit_unavailable']));
    let written = '';
    child.stdout.on('data', (chunk) => {
      written += chunk;
    });
    child.stdout.resume();
    await stopProcess(child);
    const recorded = written.match(/"audit":"reencryption".*?"contactId":"[^"]+"/g) ?? [];
    for (const id of answered) expect(recorded.some((line) => line.endsWith(`"${id}"`))).toBe(true);
  });

  it('if the reader of the pipe is gone', async () => {
    const child = start('', 0);
    const [first] = await once(child.stdout, 'data');
    const { origin }: { origin: string } = JSON.parse(String(first));
    child.stdout.destroy();
    expect(await reencrypt(origin, 'contact-1')).toEqual({ status: 503, code: 'audit_unavailable' });
    expect(child.exitCode).toBeNull();
  });

  it('if the disk is full', async () => {
    const port = await freePort();
    start('>/dev/full', port);
    const origin = `http://127.0.0.1:${port}`;
    await serving(origin);
    expect(await reencrypt(origin, 'contact-1')).toEqual({ status: 503, code: 'audit_unavailable' });
  });

  it('if the disk fills up in the middle of a line', async () => {
    const port = await freePort();
    const file = join(directory, 'output');
    // Files may grow to 4 KiB. A write beyond that is an error instead of a signal.
    start(`>"${file}"`, port, {}, "trap '' XFSZ; ulimit -f 8;");
    const origin = `http://127.0.0.1:${port}`;
    await serving(origin);
    const answered: string[] = [];
    for (let call = 0; ; call += 1) {
      const answer = await reencrypt(origin, `contact-${call}`);
      if (answer.status !== 200) {
        expect(answer).toEqual({ status: 503, code: 'audit_unavailable' });
        break;
      }
      answered.push(`contact-${call}`);
    }
    const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line.includes('"reencryption"'));
    expect(answered.length).toBeGreaterThan(0);
    for (const id of answered) expect(lines.some((line) => line.endsWith('}') && line.includes(`"${id}"`))).toBe(true);
  });

  it.for([
    ['closed', '>&-'],
    ['the null device', '>/dev/null'],
  ] as const)('if standard output is %s: the service does not start', async ([, redirection]) => {
    const child = start(redirection, 0);
    let errors = '';
    child.stderr.on('data', (chunk) => {
      errors += chunk;
    });
    await once(child, 'close');
    expect(errors).toMatch(/^not_configured: Standard output .* AUDIT=none/);
  });

  it('unless AUDIT=none', async () => {
    const port = await freePort();
    start('>/dev/null', port, { AUDIT: 'none' });
    const origin = `http://127.0.0.1:${port}`;
    await serving(origin);
    expect(await reencrypt(origin, 'contact-1')).toEqual({ status: 200, code: 'ok' });
  });
});
