import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { privateKeyBinding } from '../../adapters/stores/bindings.ts';
import type { LocalService } from '../../demo/local-service.ts';
import { startWrangler, wrangler } from '../../demo/wrangler.ts';
import { privateKeyOf, recordingNamed } from '../recordings/recordings.ts';
import { sha256Hex } from '../support/sha256.ts';
import { root } from './stack.ts';

const run = promisify(execFile);
const card = recordingNamed('java rsa2048-card-number');

// The free plan allows 3 MB compressed, and one second to start.
const mostKibibytes = 200;
const mostMilliseconds = 500;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'worker-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe.each([
  { environment: 'production', limit: 1000 },
  { environment: 'staging', limit: 100 },
])('The Worker in $environment', { timeout: 120_000 }, ({ environment, limit }) => {
  it('uploads without a warning, is small, and starts fast', async ({ annotate }) => {
    const dryRun = await runWrangler('deploy', '--dry-run', '--env', environment);
    expect(dryRun).not.toContain('WARNING');
    expect(dryRun).toContain(`RATE_LIMIT (${limit} requests/10s)`);
    const profile = join(folder, `${environment}.cpuprofile`);
    const startup = await runWrangler('check', 'startup', '--env', environment, '--outfile', profile);
    const kibibytes = Number(startup.match(/gzip: ([\d.]+) KiB/)?.[1]);
    const milliseconds = Number(startup.match(/Active: ([\d.]+) ms/)?.[1]);
    await annotate(`${kibibytes} KiB compressed, ${milliseconds} ms to start`);
    expect(kibibytes).toBeLessThan(mostKibibytes);
    expect(milliseconds).toBeLessThan(mostMilliseconds);
  });

  describe('on workerd, with its secrets', () => {
    let service: LocalService;
    beforeAll(async () => {
      const secrets = join(folder, environment);
      const lines = [
        `BEARER_TOKEN_HASHES="${sha256Hex('one')} ${sha256Hex('other')}"`,
        `${privateKeyBinding(card.keyId)}="${privateKeyOf(card).replaceAll('\n', '\\n')}"`,
      ];
      await writeFile(secrets, lines.join('\n'));
      service = await startWrangler(0, '--env', environment, '--env-file', secrets);
    });
    afterAll(async () => {
      await service.stop();
    });

    const post = (token: string, path: string, body: unknown) =>
      fetch(`${service.origin}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });

    it('decrypts only with a token', async () => {
      const { ciphertext } = card;
      expect(await (await post('one', '/v1/decrypt', { ciphertext })).json()).toMatchObject({
        plaintext: card.plaintext,
      });
      expect((await post('unknown', '/v1/decrypt', { ciphertext })).status).toBe(401);
    });

    // A busy machine may not reach the production limit of a thousand calls.
    it.runIf(limit <= 100)('answers 429 to a caller over its limit, and still answers others', async () => {
      let refused: Response | undefined;
      // Twice the limit, because a new period of ten seconds may begin in between.
      for (let sent = 0; sent < 2 * limit + 16 && refused === undefined; sent += 16) {
        const calls = Array.from({ length: 16 }, () => post('one', '/v1/inspect', {}));
        refused = (await Promise.all(calls)).find(({ status }) => status === 429);
      }
      expect(refused?.headers.get('retry-after')).toBe('10');
      expect(await refused?.json()).toMatchObject({ code: 'rate_limited', status: 429 });
      expect((await post('other', '/v1/inspect', { ciphertext: card.ciphertext })).status).toBe(200);
    });
  });
});

async function runWrangler(...args: readonly string[]): Promise<string> {
  const env = { ...process.env, WRANGLER_SEND_METRICS: 'false', FORCE_COLOR: '0' };
  const { stdout, stderr } = await run(process.execPath, [wrangler, ...args], { cwd: root, env });
  return stdout + stderr;
}
