import { mkdtemp } from 'node:fs/promises';
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
      expect(await flowKeys(['keys', 'list', '--instance', name])).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it('that is not there is told of with those that are', async () => {
    const run = await flowKeys(['keys', 'list', '--instance', 'hotlime']);
    expect(run).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/hotlime.*there are: hotline/) });
  });

  it('may be named by the environment, which an option and a file overrule', async () => {
    const environment = { FLOW_KEYS_INSTANCE: 'nowhere' };
    expect((await flowKeys(['keys', 'list'], environment)).stderr).toMatch(/alias nowhere/);
    expect((await flowKeys(['keys', 'list', '--instance', 'hotline'], environment)).exitCode).toBe(0);
    expect((await flowKeys(['flow', 'check', 'missing.json'], environment)).stderr).toMatch(/missing\.json/);
  });

  it('is not taken from the environment where only the private key is to be removed', async () => {
    const args = ['keys', 'retire', 'some-key', '--delete-private-key', '--yes'];
    const run = await flowKeys(args, { FLOW_KEYS_INSTANCE: 'hotline' });
    expect(run).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/in Connect left alone/) });
  });

  it('must be named where nobody can be asked', async () => {
    const run = await flowKeys(['rotate']);
    expect(run).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/FLOW_KEYS_INSTANCE.*flow-keys instances/),
    });
  });

  it('is listed with its alias, and by its id alone for scripts', async () => {
    expect((await flowKeys(['instances'])).stdout).toMatch(/hotline +a1b2c3d4/);
    expect((await flowKeys(['instances', '--quiet'])).stdout).toBe(`${aws.connect.instanceId}\n`);
  });
});

describe('Scripts', () => {
  it('get the one value that they need', async () => {
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
