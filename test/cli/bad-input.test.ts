import { generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { articleRecording, pem, privateKeyOf, testKeys } from '../recordings/recordings.ts';
import { startAws, type TestAws } from '../support/aws.ts';
import { awsSettings } from '../support/aws-settings.ts';
import { type CliRun, runCli } from '../support/cli.ts';

const [key] = testKeys;
if (key === undefined) throw new Error('There is no test key.');
const instance = ['--instance', 'a1b2c3d4-5678-4abc-8def-0123456789ab'];
const functionArn = 'arn:aws:lambda:us-east-1:123456789012:function:flow-security-keys';
const ciphertext = articleRecording.ciphertext;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bad-input-'));
  await mkdir(join(folder, 'directory'));
  await writeFile(join(folder, 'key.pem'), privateKeyOf(key), { mode: 0o600 });
  await writeFile(join(folder, 'certificate.pem'), pem('CERTIFICATE', key.certificate));
  await writeFile(join(folder, 'garbage.pem'), 'canary4929736155');
  await writeFile(join(folder, 'binary'), new Uint8Array([0xff, 0xfe, 0x00]));
});
afterAll(() => rm(folder, { recursive: true }));

/** A code and one or two sentences, only on standard error. */
async function expectRefusal(args: readonly string[], exitCodes: readonly number[], environment = {}): Promise<CliRun> {
  const before = await readdir(folder);
  const run = await runCli(args, { cwd: folder, environment, input: '' });
  // On a slow machine, progress lines come first.
  const stderr = run.stderr.replaceAll(/^.* …\n/gm, '');
  expect({ args, exitCode: run.exitCode, stderr }).toEqual({
    args,
    exitCode: expect.toSatisfy((code) => exitCodes.includes(code)),
    stderr: expect.stringMatching(/^([a-z_]+|error): [^\n]{20,}[^\n]*\n(\(--help shows what there is\)\n)?$/),
  });
  expect(run.stdout).toBe('');
  expect(run.stderr).not.toMatch(/ {4}at |canary|PRIVATE KEY/);
  expect(await readdir(folder)).toEqual(before);
  return run;
}

/** Every command that reads a file, with the file as an argument. */
const readers: readonly (readonly [name: string, args: (file: string) => readonly string[]])[] = [
  ['encrypt', (file) => ['encrypt', '4444', '--key-id', key.keyId, '--certificate', file]],
  ['decrypt', (file) => ['decrypt', ciphertext, '--private-key', file]],
  ['doctor --event', (file) => ['doctor', '--event', file]],
  ['flow', (file) => ['flow', 'write', '--key-id', key.keyId, '--function', functionArn, '--certificate', file]],
  ['flow check', (file) => ['flow', 'check', file]],
  ['keys associate', (file) => ['keys', 'associate', ...instance, '--private-key', file]],
  ['rotate', (file) => ['rotate', ...instance, '--state', file]],
  [
    'certificate issue',
    (file) => [
      'certificate',
      'issue',
      '--subject',
      'CN=a',
      '--out',
      'new',
      '--issuer-private-key',
      file,
      '--issuer-certificate',
      'certificate.pem',
    ],
  ],
];

describe('A bad file', () => {
  it.for(readers)('is named by %s', async ([name, args]) => {
    const isState = name === 'rotate';
    if (!isState)
      expect((await expectRefusal(args('missing.pem'), [3])).stderr).toMatch(/missing\.pem.*the file does not exist/);
    expect((await expectRefusal(args('directory'), [3])).stderr).toMatch(/directory.*it is a directory/);
    expect((await expectRefusal(args('binary'), [3])).stderr).toMatch(/not text/);
    await expectRefusal(args('garbage.pem'), [3]);
  });

  it('is not repeated when its text was passed instead of a path', async () => {
    const key = `-----BEGIN PRIVATE KEY-----\ncanary4929736155`;
    for (const args of [
      ['decrypt', ciphertext, '--private-key', key],
      ['doctor', '--key-id', 'a1', '--store', 'directory:x', '--certificate', key],
    ]) {
      const { stdout, stderr } = await runCli(args, { cwd: folder });
      expect(stdout + stderr).toMatch(/was passed as text/);
      expect(stdout + stderr).not.toMatch(/canary/);
    }
    const token = await runCli(
      ['doctor', '--key-id', 'a1', '--endpoint', 'http://127.0.0.1:9', '--token-file', 'canary4929736155'],
      { cwd: folder },
    );
    expect(token.stdout + token.stderr).not.toMatch(/canary/);
  });

  it('is named when it comes from standard input', async () => {
    await expectRefusal(['inspect', '-'], [3]);
    await expectRefusal(['flow', 'check', '-'], [3]);
  });

  it('is reported as JSON with --json', async () => {
    const { stderr } = await runCli(['inspect', 'no message', '--json']);
    expect(JSON.parse(stderr)).toMatchObject({
      error: { code: 'malformed_ciphertext', exitCode: 3, message: expect.any(String) },
    });
  });

  it('is reported with a stack trace only if DEBUG is set', async () => {
    const { stderr } = await runCli(['inspect', 'no message'], { environment: { DEBUG: '1' } });
    expect(stderr).toMatch(/ {4}at /);
  });
});

describe('An invalid option', () => {
  const wrong: readonly (readonly string[])[] = [
    ['nonsense'],
    ['inspect'],
    ['inspect', 'a', 'b'],
    ['keys', 'create', '--bits', '1024'],
    ['keys', 'create', '--days', '-1'],
    ['keys', 'create', '--subject', 'nonsense', '--out', 'new'],
    ['keys', 'create', '--store', 'nonsense'],
    ['keys', 'associate', '--private-key', 'key.pem'],
    ['keys', 'associate', '--private-key', 'key.pem', '--certificate', 'certificate.pem', '--instance', '../x'],
    ['keys', 'associate', '--private-key', 'key.pem', ...instance],
    ['keys', 'retire', key.keyId],
    ['rotate'],
    ['rotate', ...instance, '--wait', 'long'],
    ['flow', 'write', '--key-id', key.keyId],
    ['flow', 'check'],
    ['doctor'],
    ['certificate', 'issue'],
    ['certificate', 'issue', '--subject', 'CN=a', '--out', 'new'],
    ['serve', '--port', '70000'],
    ['completion', 'csh'],
    ['--nonsense'],
  ];
  it.for(wrong.map((args) => [args.join(' '), args] as const))('is explained: %s', async ([, args]) => {
    await expectRefusal(args, [2]);
  });

  it.for(['../x', '4929736155123456', 'a/b', ''])('such as the key id "%s" is not repeated', async (keyId) => {
    for (const args of [
      ['encrypt', '1', '--certificate', 'certificate.pem', '--key-id', keyId],
      ['keys', 'retire', keyId, ...instance],
      ['doctor', '--key-id', keyId],
      ['decrypt', ciphertext, '--key-id', keyId, '--private-key', 'key.pem'],
    ]) {
      const { stderr } = await expectRefusal(args, [3]);
      if (keyId.length > 5) expect(stderr).not.toContain(keyId);
    }
  });
});

/** Every command that calls AWS. */
const askers: readonly (readonly string[])[] = [
  ['keys', 'create', '--store', 'ssm', '--out', 'new'],
  ['keys', 'create', '--store', 'secrets-manager', '--out', 'new'],
  ['keys', 'associate', ...instance, '--private-key', 'key.pem', '--certificate', 'certificate.pem'],
  ['keys', 'list', ...instance],
  ['keys', 'list', '--store', 'secrets-manager'],
  ['keys', 'retire', key.keyId, ...instance, '--yes'],
  ['rotate', ...instance, '--yes'],
  ['decrypt', ciphertext],
  ['flow', 'check', '--flow', 'f1', ...instance],
];

describe('An unreachable AWS', () => {
  const region = { AWS_REGION: 'us-east-1' };
  const credentials = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'canary4929736155' };
  const nowhere = { ...region, ...credentials, AWS_ENDPOINT_URL: 'http://127.0.0.1:9' };

  it.for(askers.map((args) => [args.join(' ').slice(0, 60), args] as const))('is explained: %s', async ([, args]) => {
    const isStore = args[0] === 'decrypt';
    const said = async (environment: object) => (await expectRefusal(args, [5, 6], environment)).stderr;
    expect(await said({ ...region, AWS_ENDPOINT_URL: 'http://127.0.0.1:9' })).toMatch(/credentials/);
    expect(await said(nowhere)).toMatch(isStore ? /unreachable/ : /cannot be reached; check the network/);
    expect(await said(credentials)).toMatch(/region/i);
  });

  it('is a finding of doctor', async () => {
    const run = await runCli(['doctor', '--key-id', key.keyId, ...instance], { environment: nowhere });
    expect(run).toMatchObject({
      exitCode: 4,
      stdout: expect.stringMatching(/Fix first: .*check the network/),
    });
  });
});

describe.skipIf(inject('awsEndpoint') === null)('A refusal of AWS', () => {
  let aws: TestAws;
  beforeAll(async () => {
    aws = await startAws();
  });
  afterAll(() => aws.stop());

  it('is explained for another instance and for a key id of another instance', async () => {
    const environment = awsSettings(aws.endpoint);
    const elsewhere = ['--instance', '00000000-0000-4000-8000-000000000000'];
    const { stderr } = await expectRefusal(['keys', 'list', ...elsewhere], [6], environment);
    expect(stderr).toMatch(/check the name or id, --region and --profile/);
    await expectRefusal(['rotate', ...elsewhere, '--yes'], [6], environment);
    await expectRefusal(
      ['rotate', '--instance', aws.connect.instanceId, '--key-id', key.keyId, '--yes'],
      [8],
      environment,
    );
    const gone = await runCli(['keys', 'retire', key.keyId, '--instance', aws.connect.instanceId, '--yes'], {
      environment,
    });
    expect(gone).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/not found/) });
  });

  it('is explained for an instance that has two keys', async () => {
    aws.connect.securityKeys.set('a', publicKey());
    aws.connect.securityKeys.set('b', publicKey());
    const args = [
      'keys',
      'associate',
      '--instance',
      aws.connect.instanceId,
      '--private-key',
      'key.pem',
      '--certificate',
      'certificate.pem',
    ];
    const { stderr } = await expectRefusal(args, [8], awsSettings(aws.endpoint));
    expect(stderr).toMatch(/already has 2 security keys, a and b.*keys retire/);
  });
});

function publicKey(): string {
  return generateKeyPairSync('rsa', { modulusLength: 2048 })
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString();
}
