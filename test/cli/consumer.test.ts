import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { selfSignedCertificate } from '../../cli/keys/certificate.ts';
import { startAws, type TestAws } from '../support/aws.ts';
import { awsSettings } from '../support/aws-settings.ts';
import { answerOf, runCli } from '../support/cli.ts';

const keyId = 'ff52db55-5326-47c9-89a0-8d809eae9802';
const limits = ['--key-id', keyId, '--field', 'card'];

let folder: string;
const file = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'consumer-'));
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' });
  const pkcs8 = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const texts = {
    'rsa.pem': rsa.publicKey.export({ type: 'spki', format: 'pem' }),
    'rsa.private.pem': pkcs8,
    'small.pem': small.publicKey.export({ type: 'spki', format: 'pem' }),
    'p256.jwk': JSON.stringify(p256.publicKey.export({ format: 'jwk' })),
    'p256.private.jwk': JSON.stringify(p256.privateKey.export({ format: 'jwk' })),
    'p521.pem': p521.publicKey.export({ type: 'spki', format: 'pem' }),
    'expired.pem': await selfSignedCertificate(pkcs8, { subject: 'CN=billing', days: -1 }),
    'garbage.pem': 'canary4929736155',
    'garbage.jwk': '{canary4929736155',
  };
  for (const [name, text] of Object.entries(texts)) await writeFile(file(name), text);
});
afterAll(() => rm(folder, { recursive: true }));

describe.skipIf(inject('awsEndpoint') === null)('flow-keys consumer', () => {
  let aws: TestAws;
  beforeAll(async () => {
    aws = await startAws();
  });
  afterAll(() => aws.stop());

  it.for(['ssm', 'directory'])('registers, lists, tests and removes consumers: %s', async (kind) => {
    const options = { environment: awsSettings(aws.endpoint) };
    const store = ['--store', kind === 'ssm' ? 'ssm' : `directory:${file('store')}`];
    const consumer = (...args: string[]) => runCli(['consumer', ...args, ...store], options);
    expect((await consumer('list')).stdout).toMatch(/^No consumers/);
    const added = await consumer(
      'add',
      'billing',
      '--public-key',
      file('rsa.pem'),
      '--format',
      'aws-encryption-sdk',
      ...limits,
    );
    expect(added).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/RSA-OAEP-512.*may receive card/) });
    expect((await consumer('add', 'fraud', '--public-key', file('p256.jwk'), ...limits)).exitCode).toBe(0);

    const again = ['add', 'fraud', '--public-key', file('p256.jwk'), '--key-id', '*', '--field', '*'];
    expect(await consumer(...again)).toMatchObject({ exitCode: 8, stderr: expect.stringMatching(/--replace/) });
    expect((await consumer(...again, '--replace')).exitCode).toBe(0);
    const { consumers } = await answerOf(['consumer', 'list', ...store], options);
    expect(consumers).toMatchObject([
      { name: 'billing', format: 'aws-encryption-sdk', keyIds: [keyId], fields: ['card'], state: 'ok' },
      { name: 'fraud', format: 'jwe', algorithm: 'ECDH-ES+A256KW', keyIds: ['*'], fields: ['*'], state: 'ok' },
    ]);

    const reads = (name: string, key: string) => consumer('test', name, '--field', 'card', '--private-key', file(key));
    expect(await reads('billing', 'rsa.private.pem')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/can decrypt field card/),
    });
    expect((await reads('fraud', 'p256.private.jwk')).exitCode).toBe(0);
    for (const wrong of [
      await reads('billing', 'p256.private.jwk'),
      await reads('fraud', 'rsa.private.pem'),
      await reads('fraud', 'garbage.pem'),
    ]) {
      expect(wrong).toMatchObject({ stdout: '', exitCode: expect.toSatisfy((code) => code === 3 || code === 8) });
      expect(wrong.stderr).not.toMatch(/canary|PRIVATE| {4}at /);
    }

    expect(await consumer('remove', 'fraud')).toMatchObject({ exitCode: 7 });
    expect((await consumer('remove', 'fraud', '--yes')).exitCode).toBe(0);
    expect(await consumer('remove', 'fraud', '--yes')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/no consumer fraud/),
    });
    expect(await consumer('test', 'fraud')).toMatchObject({
      exitCode: 6,
      stderr: expect.stringMatching(/unknown_consumer/),
    });
    if (kind === 'directory')
      expect((await stat(join(file('store'), 'consumers/billing.json'))).mode & 0o777).toBe(0o644);
  });

  const refusals: readonly (readonly [
    what: string,
    args: readonly string[],
    exitCodes: readonly number[],
    message: RegExp,
  ])[] = [
    ['a private key', ['add', 'a', '--public-key', 'rsa.private.pem', ...limits], [3], /private key/],
    ['a private JWK', ['add', 'a', '--public-key', 'p256.private.jwk', ...limits], [3], /private key/],
    ['a key that is too small', ['add', 'a', '--public-key', 'small.pem', ...limits], [3], /2048/],
    ['a curve that is not supported', ['add', 'a', '--public-key', 'p521.pem', ...limits], [3], /P-256/],
    [
      'a curve for another format',
      ['add', 'a', '--public-key', 'p256.jwk', '--format', 'aws-encryption-sdk', ...limits],
      [3],
      /RSA/,
    ],
    ['a certificate that has expired', ['add', 'a', '--public-key', 'expired.pem', ...limits], [3], /expired/],
    ['a file without a key', ['add', 'a', '--public-key', 'garbage.pem', ...limits], [3], /publicKey/],
    ['an invalid JWK', ['add', 'a', '--public-key', 'garbage.jwk', ...limits], [3], /not valid JSON/],
    ['a name with path characters', ['add', '../a', '--public-key', 'rsa.pem', ...limits], [3], /lower-case letters/],
    ['a card number for a name', ['test', '4929736155123456'], [3], /lower-case letters/],
    ['no limits', ['add', 'a', '--public-key', 'rsa.pem'], [2], /--key-id and --field/],
    ['a store without consumers', ['list', '--store', 'secrets-manager'], [2], /ssm or directory/],
  ];
  it.for(refusals)('refuses %s with a sentence, and writes nothing', async ([, args, exitCodes, message]) => {
    const store = args.includes('--store') ? [] : ['--store', `directory:${file('untouched')}`];
    const run = await runCli(['consumer', ...args, ...store], { cwd: folder });
    expect(run).toMatchObject({ stdout: '', stderr: expect.stringMatching(message) });
    expect(exitCodes).toContain(run.exitCode);
    expect(run.stderr).not.toMatch(/canary|MII|4929736155| {4}at /);
    expect(await readdir(folder)).not.toContain('untouched');
  });

  it('lists and removes consumers with invalid names, without letting them steer the terminal', async () => {
    const folderOf = join(file('odd'), 'consumers');
    const store = ['--store', `directory:${file('odd')}`];
    const odd = ['UPPER', '\u001b[31mred', 'writable'];
    execFileSync('mkdir', ['-p', folderOf]);
    for (const name of odd) await writeFile(join(folderOf, `${name}.json`), '{}');
    await chmod(join(folderOf, 'writable.json'), 0o666);
    const listed = await runCli(['consumer', 'list', ...store]);
    expect(listed).toMatchObject({ exitCode: 4, stdout: expect.not.stringContaining('\u001b') });
    expect(listed.stdout.trim().split('\n')).toHaveLength(4);
    for (const name of odd) expect((await runCli(['consumer', 'remove', name, '--yes', ...store])).exitCode).toBe(0);
    expect(await readdir(folderOf)).toEqual([]);
  });

  it('refuses to test a field that the consumer may not receive', async () => {
    const store = ['--store', `directory:${file('fields')}`];
    await runCli(['consumer', 'add', 'billing', '--public-key', file('rsa.pem'), ...limits, ...store]);
    const test = (...args: string[]) => runCli(['consumer', 'test', 'billing', ...args, ...store]);
    expect(await test('--field', 'cvc')).toMatchObject({ exitCode: 6, stderr: expect.stringMatching(/^forbidden/) });
    expect(await test('--private-key', file('rsa.private.pem'))).toMatchObject({
      stdout: expect.stringMatching(/can decrypt field card/),
    });
  });

  it('lists consumers that inputs can no longer be encrypted for', async () => {
    const store = file('aged');
    const publicKey = await readFile(file('expired.pem'), 'utf8');
    execFileSync('mkdir', ['-p', join(store, 'consumers')]);
    await writeFile(
      join(store, 'consumers/old.json'),
      JSON.stringify({ format: 'jwe', publicKey, keyIds: ['*'], fields: ['*'] }),
    );
    const listed = await runCli(['consumer', 'list', '--store', `directory:${store}`]);
    expect(listed).toMatchObject({ exitCode: 4, stdout: expect.stringMatching(/old .*invalid_consumer: .*expired/) });
  });
});
