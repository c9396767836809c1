import { createHash } from 'node:crypto';
import { mkdtemp, readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAws, type TestAws } from '../support/aws.ts';
import { awsSettings } from '../support/aws-settings.ts';
import { runCli } from '../support/cli.ts';

let aws: TestAws;
beforeAll(async () => {
  aws = await startAws();
}, 60_000);
afterAll(() => aws.stop());

function flowKeys(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  return runCli(args, { environment: { ...awsSettings(aws.endpoint), ...environment } });
}

describe('An instance', () => {
  it('is named by its id, its ARN or its alias', async () => {
    const { instanceId } = aws.connect;
    const arn = `arn:aws:connect:us-east-1:123456789012:instance/${instanceId}`;
    for (const name of [instanceId, arn, 'hotline', 'HotLine'])
      expect(await flowKeys(['keys', 'list', '--instance', name])).toMatchObject({ exitCode: 0 });
  });

  it('that does not exist is reported with the existing ones', async () => {
    const run = await flowKeys(['keys', 'list', '--instance', 'hotlime']);
    expect(run).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/hotlime.*the instances are hotline/) });
  });

  it('may come from the environment, unless an option or a file is given', async () => {
    const environment = { FLOW_KEYS_INSTANCE: 'nowhere' };
    expect((await flowKeys(['keys', 'list'], environment)).stderr).toMatch(/alias nowhere/);
    expect((await flowKeys(['keys', 'list', '--instance', 'hotline'], environment)).exitCode).toBe(0);
    expect((await flowKeys(['flow', 'check', 'missing.json'], environment)).stderr).toMatch(/missing\.json/);
  });

  it('does not come from the environment when only the private key is removed', async () => {
    const args = ['keys', 'retire', 'some-key', '--delete-private-key', '--yes'];
    const run = await flowKeys(args, { FLOW_KEYS_INSTANCE: 'hotline' });
    expect(run).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/Connect +not changed/) });
  });

  it('is required when nobody can be asked', async () => {
    const run = await flowKeys(['rotate']);
    expect(run).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/FLOW_KEYS_INSTANCE.*flow-keys instances/),
    });
  });

  it('is listed with its alias, and for scripts only by its id', async () => {
    expect((await flowKeys(['instances'])).stdout).toMatch(/hotline +a1b2c3d4/);
    expect((await flowKeys(['instances', '--quiet'])).stdout).toBe(`${aws.connect.instanceId}\n`);
  });
});

describe('Quiet output', () => {
  it('is the one value that a script needs', async () => {
    const out = await mkdtemp(join(tmpdir(), 'quiet-'));
    const made = await flowKeys(['keys', 'create', '--quiet', '--out', out], { FLOW_KEYS_STORE: 'ssm' });
    expect(made).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^new-[0-9a-f]{16}\n$/), stderr: '' });
    const associated = ['keys', 'associate', '--instance', 'hotline', '--private-key', made.stdout.trim(), '--quiet'];
    const { stdout: keyId } = await flowKeys(associated);
    expect([...aws.connect.securityKeys.keys()]).toEqual([keyId.trim()]);
    const encrypted = [
      'encrypt',
      '-q',
      '--certificate',
      join(out, 'certificate.pem'),
      '--key-id',
      keyId.trim(),
      '1234',
    ];
    const { stdout: ciphertext } = await flowKeys(encrypted);
    expect(ciphertext).toMatch(/^AYA\S+\n$/);
    expect((await flowKeys(['inspect', '-q', ciphertext.trim()])).stdout).toBe(keyId);
    expect((await flowKeys(['decrypt', '-q', ciphertext.trim()])).stdout).toBe('');
    expect((await flowKeys(['decrypt', '-q', '--reveal', ciphertext.trim()])).stdout).toBe('1234\n');
  });
});

describe('Help', () => {
  const listed = (help: string) =>
    help
      .split(/\n\n/)
      .filter((group) => !/^(Usage|Arguments|[\w ]*[oO]ptions|Examples?):/.test(group))
      .flatMap((group) => group.match(/(?<=^ {2})[a-z]+/gm) ?? []);

  async function commandsUnder(words: readonly string[]): Promise<readonly (readonly string[])[]> {
    const { stdout } = await runCli([...words, '--help']);
    const names = words.length < 2 ? listed(stdout).filter((name) => name !== 'help') : [];
    const below = await Promise.all(names.map((name) => commandsUnder([...words, name])));
    return [words, ...below.flat()];
  }

  it('has an example for each command, and lists its own options before those of AWS', async () => {
    const commands = await commandsUnder([]);
    expect(commands.length).toBeGreaterThan(20);
    for (const words of commands) {
      const { stdout } = await runCli([...words, '--help']);
      expect({ words, stdout }).toEqual({ words, stdout: expect.stringMatching(/^Examples?:\n {2}.*flow-keys/m) });
      expect(stdout).not.toMatch(/default: false|^Options:[\s\S]*^AWS options:[\s\S]*^Options:/m);
    }
  });

  it('uses only known commands and options in examples', async () => {
    const commands = await commandsUnder([]);
    for (const words of commands) {
      const { stdout } = await runCli([...words, '--help']);
      const [, example = ''] = stdout.split(/^Examples?:\n/m);
      for (const [, line = ''] of example.matchAll(/flow-keys ([^\n)>]+)/g)) {
        const path =
          commands.findLast((known) => known.length > 0 && `${line} `.startsWith(`${known.join(' ')} `)) ?? [];
        const { stdout: help } = await runCli([...path, '--help']);
        for (const option of line.match(/--[a-z-]+/g) ?? [])
          expect({ line, help }).toEqual({ line, help: expect.stringContaining(option) });
      }
    }
  });

  it.each([
    ['help', 'keys', 'create'],
    ['keys', 'create', '--help'],
    ['keys', 'help', 'create'],
  ])('of a command is shown by %s %s %s', async (...args) => {
    expect(await runCli(args)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^Usage: flow-keys keys create/),
    });
  });

  it('of version lists --json, which prints JSON', async () => {
    expect((await runCli(['version', '--help'])).stdout).toContain('--json');
    expect(JSON.parse((await runCli(['version', '--json'])).stdout)).toHaveProperty('version');
  });

  it('of completion is about completion', async () => {
    expect((await runCli(['completion', '--help'])).stdout).toMatch(/^Usage: flow-keys completion /);
    expect((await runCli(['completion', 'bash'])).exitCode).toBe(0);
  });

  it('shows first steps when no command is given', async () => {
    expect(await runCli([])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/doctor[\s\S]*--help/),
      stderr: '',
    });
  });
});

describe('Errors', () => {
  it.each([[['decript']], [['decrypt', '--foo']], [['decrypt']], [['keys', 'list', '--instance', 'not an alias']]])(
    'of usage look like all other errors: %j',
    async (args) => {
      expect(await runCli(args)).toMatchObject({
        exitCode: 2,
        stderr: expect.stringMatching(/^invalid_option: [A-Z-][^\n]+\n$/),
      });
    },
  );

  it.each(['inspect', 'decrypt'])(
    'of %s name a missing file, instead of calling its name a damaged ciphertext',
    async (name) => {
      for (const path of ['missing.txt', './missing', '/nowhere/ciphertext'])
        expect(await runCli([name, path])).toMatchObject({
          exitCode: 3,
          stderr: expect.stringMatching(/^unreadable_file: .*the file does not exist/),
        });
    },
  );

  it('name a directory that does not exist', async () => {
    for (const args of [
      ['serve', '--keys', '/missing'],
      ['keys', 'list', '--store', 'directory:/missing'],
    ])
      expect(await runCli(args)).toMatchObject({
        exitCode: 3,
        stderr: expect.stringMatching(/There is no directory \/missing/),
      });
  });
});

describe('A token', () => {
  it('is written to a file, and its setting to standard output', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'token-')), 'token.txt');
    const { stdout } = await runCli(['token', '--out', file, '--quiet']);
    const token = (await readFile(file, 'utf8')).trim();
    expect(stdout).toBe(`${createHash('sha256').update(token).digest('hex')}\n`);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });
});
