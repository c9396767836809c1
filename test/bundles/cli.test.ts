import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { articleRecording } from '../recordings/recordings.ts';
import { cliExecutable, runBuiltCli, startCli } from '../support/cli.ts';

let folder: string;
const file = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cli-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('flow-keys completion', () => {
  it.for(['bash', 'zsh', 'fish'])('prints a script for %s, which completes commands and options', async (shell) => {
    const script = await runBuiltCli(['completion', shell]);
    expect(script).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('flow-keys complete --') });
    const { stdout } = await runBuiltCli(['complete', '--', 'keys', '']);
    expect(stdout).toMatch(/create[\s\S]*associate[\s\S]*list[\s\S]*retire/);
    expect((await runBuiltCli(['complete', '--', 'rotate', '--dr'])).stdout).toContain('--dry-run');
  });
});

describe('The start of a command', () => {
  it('loads only the code that it needs, and no AWS client', async () => {
    const coverage = file('coverage');
    await runBuiltCli(['inspect', articleRecording.ciphertext], { environment: { NODE_V8_COVERAGE: coverage } });
    const [report = ''] = await readdir(coverage);
    const { result } = JSON.parse(await readFile(join(coverage, report), 'utf8'));
    const loaded: readonly string[] = result
      .map(({ url }: { readonly url: string }) => url)
      .filter((url: string) => url.startsWith('file:'));
    const texts = await Promise.all(loaded.map((url) => readFile(new URL(url), 'utf8')));
    expect(texts.length).toBeGreaterThan(1);
    expect(texts.join('')).not.toMatch(/@aws-sdk\/client-|@aws-crypto|@peculiar\/x509/);
    expect(texts.join('').length).toBeLessThan(250_000);
  });
});

describe('A terminal', () => {
  const onTerminal = (args: string, input = '', environment = {}) =>
    execFileSync('script', ['-qec', `"${process.execPath}" "${cliExecutable}" ${args}`, '/dev/null'], {
      input,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], TERM: 'xterm', ...environment },
    });

  it('is the only place with colours, and NO_COLOR turns them off', async () => {
    const altered = Buffer.from(articleRecording.ciphertext, 'base64');
    altered[300] = (altered[300] ?? 0) ^ 1;
    const inspect = `inspect ${altered.toString('base64')}`;
    expect(onTerminal(inspect)).toContain('\u001b[31minvalid');
    expect(onTerminal(inspect, '', { NO_COLOR: '1' })).not.toContain('\u001b');
    expect((await runBuiltCli(inspect.split(' '))).stdout).toMatch(/signature +invalid/);
    expect(onTerminal(`${inspect} | cat`)).not.toContain('\u001b');
  });

  it('asks before an irreversible step, and takes only "yes" as a yes', async () => {
    const store = `directory:${file('asked')}`;
    await runBuiltCli(['keys', 'create', '--store', store, '--out', file('made')]);
    const { keys } = JSON.parse((await runBuiltCli(['keys', 'list', '--store', store, '--json'])).stdout);
    const retire = `keys retire ${keys[0].keyId} --delete-private-key --store ${store}; echo code $?`;
    expect(onTerminal(retire, 'no\n')).toMatch(/Type "yes" to continue[\s\S]*Stopped\.[\s\S]*code 7/);
    expect(await readdir(file('asked'))).toHaveLength(1);
    expect(onTerminal(retire, 'yes\n')).toMatch(/removed from[\s\S]*code 0/);
    expect(await readdir(file('asked'))).toEqual([]);
  });

  it('shows progress for work of more than a second, as a log does', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const environment = {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    };
    const waiting = startCli(['keys', 'list'], { environment });
    await waiting.wrote('Reading keys and certificates …');
    waiting.child.kill();
    await waiting.ended;
    silent.close();
  });
});
