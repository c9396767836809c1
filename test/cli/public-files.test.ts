import { generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { pem, privateKeyOf, testKeys } from '../recordings/recordings.ts';
import { startAws, type TestAws } from '../support/aws.ts';
import { awsSettings } from '../support/aws-settings.ts';
import { runCli } from '../support/cli.ts';

const [key] = testKeys;
if (key === undefined) throw new Error('There is no test key.');
const { keyId } = key;
const privateKey = privateKeyOf(key);
const certificate = pem('CERTIFICATE', key.certificate);
const arn = 'arn:aws:lambda:eu-central-1:123456789012:function:decrypt';

let folder: string;
const path = (name: string) => join(folder, name);

/** A private key and its certificate in one file, in either order. */
const combined = { 'key first': privateKey + certificate, 'certificate first': certificate + privateKey };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'public-'));
  for (const [name, text] of Object.entries(combined)) await writeFile(path(name), text);
  await writeFile(path('key.pem'), privateKey, { mode: 0o600 });
});
afterAll(() => rm(folder, { recursive: true }));

describe('Public output holds no private key', () => {
  it.for(Object.keys(combined))('in a flow, of a file with the %s', async (name) => {
    const args = ['--key-id', keyId, '--certificate', path(name), '--function', arn];
    const { exitCode, stdout, stderr } = await runCli(['flow', 'write', ...args]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('BEGIN CERTIFICATE');
    expect(stdout + stderr).not.toMatch(/PRIVATE KEY/);
    expect(stderr).toContain('in one file with a private key');
  });

  it('and a file with only a private key is named', async () => {
    const args = ['--key-id', keyId, '--certificate', path('key.pem'), '--function', arn];
    expect(await runCli(['flow', 'write', ...args])).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(/invalid_certificate: The certificate holds a private key, but no certificate/),
    });
  });

  it('in a consumer’s document', async () => {
    const add = [
      'consumer',
      'add',
      'billing',
      '--public-key',
      path('certificate first'),
      '--key-id',
      '*',
      '--field',
      '*',
    ];
    expect(await runCli([...add, '--store', `directory:${path('store')}`])).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining('a private key'),
    });
  });
});

describe.skipIf(inject('awsEndpoint') === null)('A stored certificate', () => {
  let aws: TestAws;
  beforeAll(async () => {
    aws = await startAws();
  });
  afterAll(() => aws.stop());

  it.for(Object.keys(combined))('is the certificate alone, of a file with the %s', async (name) => {
    const store = path(`store of ${name}`);
    const args = ['--instance', aws.connect.instanceId, '--private-key', path('key.pem'), '--certificate', path(name)];
    const run = await runCli(['keys', 'associate', ...args, '--store', `directory:${store}`], {
      environment: awsSettings(aws.endpoint),
    });
    expect(run).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('in one file with a private key') });
    const [stored = ''] = await readdir(store);
    const written = await readFile(join(store, stored, 'certificate.pem'), 'utf8');
    expect(written).toContain('BEGIN CERTIFICATE');
    expect(written).not.toContain('PRIVATE KEY');
  });
});

describe('A private key that is already public is found', () => {
  it.for([
    ['a certificate and a private key', certificate + privateKey],
    ['a private key', privateKey],
  ] as const)('in a flow whose block carries %s', async ([, text]) => {
    const flow = {
      Version: '2019-10-30',
      StartAction: 'Logging off',
      Actions: [
        {
          Identifier: 'Logging off',
          Type: 'UpdateFlowLoggingBehavior',
          Parameters: { FlowLoggingBehavior: 'Disabled' },
          Transitions: { NextAction: 'Input' },
        },
        {
          Identifier: 'Input',
          Type: 'GetParticipantInput',
          Parameters: {
            Text: 'Please type.',
            StoreInput: 'True',
            InputEncryption: { EncryptionKeyId: keyId, Key: text },
          },
          Transitions: { NextAction: 'End', Errors: [{ ErrorType: 'NoMatchingError', NextAction: 'End' }] },
        },
        { Identifier: 'End', Type: 'DisconnectParticipant', Parameters: {}, Transitions: {} },
      ],
    };
    await writeFile(path('flow.json'), JSON.stringify(flow));
    const { exitCode, stdout } = await runCli(['flow', 'check', path('flow.json')]);
    expect([exitCode, stdout]).toEqual([
      4,
      expect.stringMatching(/^error +private_key_in_flow {2}"Input" contains a private key/m),
    ]);
  });

  it('in the certificate of a store, by doctor and keys list', async () => {
    const store = path('leaking');
    await mkdir(join(store, keyId), { recursive: true });
    await writeFile(join(store, keyId, 'private-key.pem'), privateKey, { mode: 0o600 });
    await writeFile(join(store, keyId, 'certificate.pem'), certificate + privateKey);
    const doctor = await runCli(['doctor', '--key-id', keyId, '--store', `directory:${store}`]);
    expect([doctor.exitCode, doctor.stdout]).toEqual([4, expect.stringContaining('stored with a private key')]);
    const list = await runCli(['keys', 'list', '--store', `directory:${store}`, '--json']);
    expect(JSON.parse(list.stdout)).toMatchObject({ keys: [{ keyId, certificate: 'holds a private key' }] });
  });
});

describe('flow-keys keys retire --delete-private-key', () => {
  it('removes the files of the key, and no other file', async () => {
    const store = path('retiring');
    await mkdir(join(store, 'consumers'), { recursive: true });
    await mkdir(join(store, keyId));
    await writeFile(join(store, 'consumers/billing.json'), '{}');
    await writeFile(join(store, keyId, 'private-key.pem'), privateKey, { mode: 0o600 });
    await writeFile(join(store, keyId, 'certificate.pem'), certificate);
    await mkdir(join(store, 'noted'));
    await writeFile(join(store, 'noted/private-key.pem'), privateKey, { mode: 0o600 });
    await writeFile(join(store, 'noted/notes.txt'), 'mine');
    for (const id of ['consumers', keyId, 'noted']) {
      const args = ['keys', 'retire', id, '--delete-private-key', '--yes', '--store', `directory:${store}`];
      expect((await runCli(args)).exitCode).toBe(0);
    }
    expect(await readdir(store, { recursive: true })).toEqual(
      expect.arrayContaining(['consumers', 'consumers/billing.json', 'noted', 'noted/notes.txt']),
    );
    expect(await readdir(store, { recursive: true })).toHaveLength(4);
  });
});

describe('A usage error', () => {
  const canary = 'canary4929736155';
  const secrets = {
    'a long operand': canary.repeat(8),
    'a text with line breaks': `${canary}\nx`,
    'what begins with dashes': `-----BEGIN ${canary}-----`,
    'a PEM text': generateKeyPairSync('ec', { namedCurve: 'P-256' })
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString(),
  };
  const places = (secret: string): readonly (readonly string[])[] => [
    [secret],
    ['keys', secret],
    ['inspect', 'x', secret],
    ['keys', 'create', '--bits', secret],
    ['keys', 'create', `--bits=${secret}`],
    ['keys', 'create', `--days=${secret}`],
    ['keys', 'list', `--store=${secret}`],
    ['consumer', 'add', 'x', '--public-key', 'y', `--format=${secret}`],
    ['keys', 'create', `--subject=${secret}`],
    ['completion', secret],
    [
      'flow',
      'write',
      `--field=${secret}`,
      '--key-id',
      'a1',
      '--certificate',
      path('certificate first'),
      '--function',
      arn,
    ],
  ];

  it.for(Object.entries(secrets))('does not repeat %s', async ([, secret]) => {
    const lines = secret.split('\n').filter((line) => line.length > 8);
    for (const args of places(secret)) {
      for (const json of [[], ['--json']]) {
        const { exitCode, stdout, stderr } = await runCli([...args, ...json]);
        expect([1, 2, 3]).toContain(exitCode);
        for (const line of lines) expect(stdout + stderr).not.toContain(line);
      }
    }
  });

  it('names a mistyped command or option', async () => {
    expect((await runCli(['inspectt', 'x'])).stderr).toContain("'inspectt'");
    expect((await runCli(['inspect', 'x', '--jsonn'])).stderr).toContain("'--jsonn'");
  });
});

it('A command writes a file where it says', async () => {
  const out = path('created');
  await runCli(['keys', 'create', '--out', out]);
  expect((await stat(join(out, 'certificate.pem'))).isFile()).toBe(true);
});
