import { execFileSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { DescribeParametersCommand, GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { awsTestClient } from '../key-stores/aws.ts';
import { startAws, type TestAws } from '../support/aws.ts';
import { awsSettings } from '../support/aws-settings.ts';
import { answerOf, runCli } from '../support/cli.ts';

const openssl = (...args: string[]) =>
  execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'ignore'] }).toString();

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keys-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs `keys create` into a new directory. */
async function created(name: string, ...args: string[]) {
  const out = join(folder, name);
  const run = await runCli(['keys', 'create', '--out', out, ...args]);
  expect(run).toMatchObject({ exitCode: 0 });
  const path = (file: string) => join(out, file);
  return {
    run,
    out,
    privateKey: path('private-key.pem'),
    publicKey: path('public-key.pem'),
    certificate: path('certificate.pem'),
  };
}

describe('flow-keys keys create', () => {
  it.for([2048, 3072, 4096])('creates the same files as openssl for RSA-%i', async (bits) => {
    const { privateKey, publicKey, certificate } = await created(`rsa-${bits}`, '--bits', String(bits));
    // The same bytes as openssl writes.
    expect(openssl('pkey', '-in', privateKey)).toBe(await readFile(privateKey, 'utf8'));
    expect(openssl('pkey', '-in', privateKey, '-pubout')).toBe(await readFile(publicKey, 'utf8'));
    expect(openssl('x509', '-in', certificate, '-noout', '-pubkey')).toBe(await readFile(publicKey, 'utf8'));
    expect(openssl('x509', '-in', certificate)).toBe(await readFile(certificate, 'utf8'));
    expect(openssl('pkey', '-in', privateKey, '-check', '-noout')).toContain('Key is valid');
    expect(openssl('pkey', '-in', privateKey, '-noout', '-text')).toContain(`(${bits} bit`);
    expect(openssl('verify', '-x509_strict', '-CAfile', certificate, certificate)).toContain('OK');
    expect((await readFile(publicKey, 'utf8')).length).toBeLessThanOrEqual(1024);
  });

  it('creates the certificate with the given subject and days', async () => {
    const subject = 'C=GB, ST=England, L=London, O=Example Ltd, OU=IT, CN=amazon-connect-encryption';
    const { certificate } = await created('subject', '--subject', subject, '--days', '30');
    const described = openssl('x509', '-in', certificate, '-noout', '-subject', '-nameopt', 'RFC2253');
    expect(described.trim()).toBe('subject=CN=amazon-connect-encryption,OU=IT,O=Example Ltd,L=London,ST=England,C=GB');
    expect(openssl('x509', '-in', certificate, '-noout', '-checkend', String(29 * 86_400))).toContain(
      'will not expire',
    );
    expect(() => openssl('x509', '-in', certificate, '-noout', '-checkend', String(31 * 86_400))).toThrow();
  });

  it('lets only the owner read the private key, and prints it only with --print-private-key', async () => {
    const { run, privateKey, out } = await created('quiet');
    expect((await stat(privateKey)).mode & 0o777).toBe(0o600);
    expect(run.stdout + run.stderr).not.toContain('PRIVATE KEY');
    const again = await runCli(['keys', 'create', '--out', out]);
    expect(again).toMatchObject({ exitCode: 8, stderr: expect.stringMatching(/already exists/) });

    const printed = await created('printed', '--print-private-key');
    expect(createPrivateKey(printed.run.stdout).asymmetricKeyType).toBe('rsa');
    expect((await readdir(printed.out)).sort()).toEqual(['certificate.pem', 'public-key.pem']);
  });

  it('leaves no partial output when a file cannot be written', async () => {
    const { out, privateKey, certificate } = await created('in-the-way');
    await rm(privateKey);
    await rm(certificate);
    expect((await runCli(['keys', 'create', '--out', out])).exitCode).toBe(8);
    expect(await readdir(out)).toEqual(['public-key.pem']);
  });
});

describe.skipIf(inject('awsEndpoint') === null)('flow-keys keys, with Connect and a store', () => {
  let aws: TestAws;
  let environment: Record<string, string>;
  const connect = () => ['--instance', aws.connect.instanceId];

  beforeAll(async () => {
    aws = await startAws();
    environment = awsSettings(aws.endpoint);
  });
  afterAll(() => aws.stop());

  const stores = [['ssm'], ['secrets-manager'], ['directory']] as const;

  it.for(stores)('keeps a key off the disk from creation to removal: %s', async ([kind]) => {
    const store = ['--store', kind === 'directory' ? `directory:${join(folder, 'store')}` : kind];
    const out = join(folder, `vault-${kind}`);
    const run = await runCli(['keys', 'create', '--out', out, ...store], { environment });
    expect((await readdir(out)).sort()).toEqual(['certificate.pem', 'public-key.pem']);
    const [provisionalId = ''] = run.stdout.match(/new-[0-9a-f]{16}/) ?? [];

    const associated = ['keys', 'associate', ...connect(), '--private-key', provisionalId, ...store];
    const { keyId } = await answerOf(associated, { environment });
    expect(aws.connect.securityKeys.get(keyId)).toBe(await readFile(join(out, 'public-key.pem'), 'utf8'));

    const listed = await runCli(['keys', 'list', ...connect(), ...store], { environment });
    expect(listed).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(new RegExp(`${keyId}.*stored.*valid, 36\\d days`)),
    });
    expect(listed.stdout).not.toContain(provisionalId);

    const retired = ['keys', 'retire', keyId, ...connect(), '--delete-private-key', ...store];
    expect(await runCli(retired, { environment })).toMatchObject({
      exitCode: 7,
      stderr: expect.stringMatching(/--yes/),
    });
    expect(aws.connect.securityKeys.has(keyId)).toBe(true);
    expect(await runCli([...retired, '--yes'], { environment })).toMatchObject({ exitCode: 0 });
    expect(aws.connect.securityKeys.has(keyId)).toBe(false);
    expect((await runCli(['keys', 'list', ...store], { environment })).stdout).toContain('No keys');
  });

  it('accepts private keys from openssl, and says what to do with other keys', async () => {
    const file = (name: string) => join(folder, name);
    openssl('genrsa', '-traditional', '-out', file('pkcs1.pem'), '2048');
    openssl(
      'req',
      '-new',
      '-x509',
      '-key',
      file('pkcs1.pem'),
      '-out',
      file('pkcs1.crt'),
      '-days',
      '365',
      '-subj',
      '/CN=test',
    );
    openssl('pkcs8', '-topk8', '-in', file('pkcs1.pem'), '-passout', 'pass:test', '-out', file('encrypted.pem'));
    openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', file('ec.pem'));
    openssl('genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024', '-out', file('small.pem'));
    const associate = (privateKey: string) => [
      ...['keys', 'associate', ...connect(), '--private-key', file(privateKey), '--certificate', file('pkcs1.crt')],
    ];
    const refusals = {
      'ec.pem': /an EC private key/,
      'small.pem': /1024 bits/,
      'pkcs1.crt': /a certificate/,
    };
    for (const [name, message] of Object.entries(refusals)) {
      expect(await runCli(associate(name), { environment })).toMatchObject({
        exitCode: 3,
        stderr: expect.stringMatching(message),
      });
    }
    // The command asks for the passphrase.
    expect(await runCli(associate('encrypted.pem'), { environment })).toMatchObject({
      exitCode: 7,
      stderr: expect.stringMatching(/--passphrase-file/),
    });
    expect(aws.connect.securityKeys.size).toBe(0);

    const { keyId } = await answerOf(associate('pkcs1.pem'), { environment });
    // Repeated, as after an interruption: the same key keeps its key id.
    expect((await answerOf(associate('pkcs1.pem'), { environment })).keyId).toBe(keyId);
    const ssm = new SSMClient({
      endpoint: aws.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
    const Name = `/amazon-connect/encryption/${keyId}/private-key`;
    const { Parameter: parameter } = await ssm.send(new GetParameterCommand({ Name, WithDecryption: true }));
    expect(parameter?.Type).toBe('SecureString');
    expect(parameter?.Value).toBe(openssl('pkey', '-in', file('pkcs1.pem')));

    await ssm.send(new PutParameterCommand({ Name, Value: 'of somebody else', Overwrite: true }));
    expect(await runCli(associate('pkcs1.pem'), { environment })).toMatchObject({
      exitCode: 8,
      stderr: expect.stringMatching(/^conflict: Another private key .* --delete-private-key/),
    });
  });

  it('reads the region from AWS_REGION, then from AWS_DEFAULT_REGION, like the AWS CLI', async () => {
    const { AWS_REGION: region = '', ...others } = environment;
    const list = (regions: Readonly<Record<string, string>>) =>
      runCli(['keys', 'list'], { environment: { ...others, ...regions } });
    expect((await list({ AWS_DEFAULT_REGION: region })).stderr).not.toMatch(/aws_/);
    expect((await list({ AWS_REGION: region, AWS_DEFAULT_REGION: 'no region' })).stderr).not.toMatch(/aws_/);
    expect((await list({})).stderr).toContain('AWS_REGION');
  });

  it('encrypts what it stores with the given KMS key', async () => {
    const [ssm, kms] = [new SSMClient(awsTestClient(aws.endpoint)), new KMSClient(awsTestClient(aws.endpoint))];
    const { KeyMetadata: { KeyId = '' } = {} } = await kms.send(new CreateKeyCommand({}));
    const out = join(folder, 'kms');
    const created = await answerOf(['keys', 'create', '--store', 'ssm', '--kms-key', KeyId, '--out', out], {
      environment,
    });
    const Name = `/amazon-connect/encryption/${created.privateKey.keyId}/private-key`;
    const ParameterFilters = [{ Key: 'Name', Values: [Name] }];
    const { Parameters } = await ssm.send(new DescribeParametersCommand({ ParameterFilters }));
    expect(Parameters).toMatchObject([{ Type: 'SecureString', KeyId }]);
  });

  it('lists missing keys and keys that do not belong together', async () => {
    aws.connect.securityKeys.clear();
    const { publicKey, privateKey, certificate } = await created('listed');
    const { privateKey: other } = await created('listed-other');
    aws.connect.securityKeys.set('11111111-1111-4111-8111-11111111111a', await readFile(publicKey, 'utf8'));
    const store = join(folder, 'listed-store');
    const list = () => runCli(['keys', 'list', ...connect(), '--store', `directory:${store}`], { environment });
    const missing = await list();
    expect(missing).toMatchObject({ exitCode: 4 });
    expect(missing.stdout).toMatch(/missing\s+missing/);
    expect(missing.stdout).toContain('To do: store the private key of 11111111-1111-4111-8111-11111111111a');

    const held = join(store, '11111111-1111-4111-8111-11111111111a');
    await runCli(['keys', 'create', '--out', held]);
    await writeFile(join(held, 'private-key.pem'), await readFile(other, 'utf8'), { mode: 0o600 });
    expect((await list()).stdout).toMatch(/of another key\s+of another key/);
    await writeFile(join(held, 'private-key.pem'), await readFile(privateKey, 'utf8'), { mode: 0o600 });
    await writeFile(join(held, 'certificate.pem'), await readFile(certificate, 'utf8'));
    expect(await list()).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/stored\s+valid/) });
  });
});
