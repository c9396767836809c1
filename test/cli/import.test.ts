import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAws, type TestAws } from '../support/aws.ts';
import { awsSettings } from '../support/aws-settings.ts';
import { runCli } from '../support/cli.ts';

const keyId = '9c8f4b4e-7d0a-4a51-8a0e-3b1c2d4e5f60';
const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const other = generateKeyPairSync('rsa', { modulusLength: 2048 });

let aws: TestAws;
let folder: string;
beforeAll(async () => {
  aws = await startAws();
  folder = await mkdtemp(join(tmpdir(), 'import-'));
  aws.connect.securityKeys.set(keyId, pair.publicKey.export({ type: 'spki', format: 'pem' }).toString());
  const client = {
    endpoint: aws.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  const Name = 'CONNECT_INPUT_DECRYPTION_KEY';
  await new SSMClient(client).send(new PutParameterCommand({ Name, Value: pem, Type: 'SecureString' }));
  await new SecretsManagerClient(client).send(new CreateSecretCommand({ Name: 'team/key', SecretString: pem }));
  await writeFile(join(folder, 'other.pem'), other.privateKey.export({ type: 'pkcs8', format: 'pem' }));
}, 60_000);
afterAll(() => aws.stop());

function flowKeys(...args: readonly string[]) {
  return runCli(args, { cwd: folder, environment: awsSettings(aws.endpoint) });
}

describe('flow-keys keys import', () => {
  it.each([
    ['CONNECT_INPUT_DECRYPTION_KEY', 'ssm'],
    ['team/key', 'secrets-manager'],
  ])('stores the key of %s in %s under the id that Connect has for it', async (source, from) => {
    const store = ['--store', `directory:${join(folder, from)}`];
    const args = ['keys', 'import', source, '--from', from, '--instance', 'hotline', ...store];
    expect(await flowKeys(...args, '--quiet')).toMatchObject({ exitCode: 0, stdout: `${keyId}\n`, stderr: '' });
    // A second run changes nothing.
    const again = await flowKeys(...args);
    expect(again.exitCode).toBe(0);
    expect(again.stdout + again.stderr).not.toMatch(/PRIVATE KEY|certificate was made/);
    const examined = await flowKeys('doctor', '--instance', 'hotline', ...store);
    expect(examined).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(new RegExp(`key id +${keyId}`)) });
  });

  it('refuses a key that the instance does not have, and names the keys that it has', async () => {
    const run = await flowKeys('keys', 'import', 'other.pem', '--instance', 'hotline');
    expect(run).toMatchObject({ exitCode: 8, stderr: expect.stringMatching(new RegExp(`has only ${keyId}`)) });
  });

  it('names a missing source', async () => {
    const run = await flowKeys('keys', 'import', 'nothing', '--from', 'ssm', '--instance', 'hotline');
    expect(run).toMatchObject({ exitCode: 6, stderr: expect.stringMatching(/read parameter nothing/) });
  });
});

describe('flow-keys doctor', () => {
  it.each([
    ['a URL without a scheme', ['--endpoint', 'keys.example.com'], 2, /with a scheme, such as https/],
    [
      'a token file with two lines',
      ['--endpoint', 'https://keys.example.com', '--token-file', 'two.txt'],
      3,
      /on one line/,
    ],
  ] as const)('names %s', async (_, args, exitCode, message) => {
    await writeFile(join(folder, 'two.txt'), 'token (give it) canary-token\nBEARER 123\n');
    const run = await flowKeys('doctor', '--key-id', keyId, ...args);
    expect(run).toMatchObject({ exitCode, stderr: expect.stringMatching(message) });
    expect(run.stderr).not.toContain('canary');
  });

  it('names a missing profile', async () => {
    const environment = { AWS_REGION: 'us-east-1', AWS_ENDPOINT_URL: aws.endpoint };
    const run = await runCli(['keys', 'list', '--profile', 'no-such-profile'], { environment });
    expect(run).toMatchObject({
      exitCode: 6,
      stderr: expect.stringMatching(/no profile with this name.*list-profiles/),
    });
  });
});
