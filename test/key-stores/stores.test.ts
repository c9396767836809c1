import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateSecretCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { createDecryptor, decodeUtf8, type KeyStore } from 'flow-security-keys';
import { directoryKeyStore } from 'flow-security-keys/stores/directory';
import { firstKeyStoreOf } from 'flow-security-keys/stores/first-of';
import { secretsManagerKeyStore } from 'flow-security-keys/stores/secrets-manager';
import { type StoredInTheClear, ssmKeyStore } from 'flow-security-keys/stores/ssm';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { awsKeyStore } from '../../adapters/stores/from-environment.ts';
import { pem, recordingNamed, testKeys } from '../recordings/recordings.ts';
import { awsSettings } from '../support/aws-settings.ts';
import { type Fault, type FaultyProxy, faultControl, startFaultyProxy } from '../support/faulty-proxy.ts';
import { awsTestClient } from './aws.ts';

const keyId = 'ff52db55-5326-47c9-89a0-8d809eae9802';

describe('A directory of keys', () => {
  let root: string;
  let directory: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'directory-'));
    directory = join(root, 'keys');
    await mkdir(join(directory, keyId), { recursive: true });
    await writeFile(join(directory, keyId, 'private-key.pem'), 'key', { mode: 0o600 });
  });
  afterAll(() => rm(root, { recursive: true }));

  it('refuses a file that every user may read, unless allowed', async () => {
    const file = join(directory, keyId, 'private-key.pem');
    await chmod(file, 0o644);
    await expect(directoryKeyStore({ directory }).privateKeys(keyId, {})).rejects.toMatchObject({
      code: 'key_store_unavailable',
      message: expect.stringContaining('chmod'),
    });
    expect(await directoryKeyStore({ directory, allowWorldReadable: true }).privateKeys(keyId, {})).toEqual(['key']);
    await chmod(file, 0o600);
  });

  it('follows links within the directory, which mounted secrets use, and none out of it', async () => {
    await writeFile(join(root, 'outside.pem'), 'outside', { mode: 0o600 });
    for (const name of ['inside', 'outside', 'whole']) await mkdir(join(directory, name), { recursive: true });
    await symlink(join(directory, keyId, 'private-key.pem'), join(directory, 'inside', 'private-key.pem'));
    await symlink(join(root, 'outside.pem'), join(directory, 'outside', 'private-key.pem'));
    const store = directoryKeyStore({ directory });
    expect(await store.privateKeys('inside', {})).toEqual(['key']);
    await expect(store.privateKeys('outside', {})).rejects.toMatchObject({ code: 'key_store_unavailable' });
  });

  it('reads no file outside of it, whatever the key id', async () => {
    for (const beside of ['elsewhere', 'keys-of-others']) {
      await mkdir(join(root, beside), { recursive: true });
      await writeFile(join(root, beside, 'private-key.pem'), 'beside', { mode: 0o600 });
      await expect(directoryKeyStore({ directory }).privateKeys(`../${beside}`, {})).rejects.toMatchObject({
        code: 'key_store_unavailable',
        message: expect.stringContaining('out of the directory'),
      });
    }
  });

  it('does not hang on what is not a regular file', async () => {
    await mkdir(join(directory, 'folder', 'private-key.pem'), { recursive: true });
    await mkdir(join(directory, 'pipe'), { recursive: true });
    execFileSync('mkfifo', [join(directory, 'pipe', 'private-key.pem')]);
    for (const id of ['folder', 'pipe']) {
      await expect(directoryKeyStore({ directory }).privateKeys(id, {})).rejects.toMatchObject({
        code: 'key_store_unavailable',
      });
    }
  });

  it('never misses a key that is replaced like a mounted secret', async () => {
    const id = 'mounted';
    const mount = join(directory, id);
    await mkdir(mount);
    await symlink('..data/private-key.pem', join(mount, 'private-key.pem'));
    let isReplacing = true;
    const replacing = (async () => {
      for (let version = 0; isReplacing; version += 1) {
        await mkdir(join(mount, `..${version}`));
        await writeFile(join(mount, `..${version}`, 'private-key.pem'), 'key', { mode: 0o600 });
        await symlink(`..${version}`, join(mount, '..data_tmp'));
        await rename(join(mount, '..data_tmp'), join(mount, '..data'));
        await rm(join(mount, `..${version - 1}`), { recursive: true, force: true });
      }
    })();
    const store = directoryKeyStore({ directory });
    await vi.waitFor(async () => expect(await store.privateKeys(id, {})).toEqual(['key']));
    for (let reading = 0; reading < 300; reading += 1) expect(await store.privateKeys(id, {})).toEqual(['key']);
    isReplacing = false;
    await replacing;
  });
});

describe('The first of several stores', () => {
  const down: KeyStore = { privateKeys: () => Promise.reject(new Error('down')) };
  const holding = (pem: string): KeyStore => ({ privateKeys: async () => [pem] });
  const empty: KeyStore = { privateKeys: async () => [] };

  it('is asked in order, until one has the key', async () => {
    const never = vi.fn(async () => ['never']);
    expect(await firstKeyStoreOf(empty, holding('a'), { privateKeys: never }).privateKeys(keyId, {})).toEqual(['a']);
    expect(never).not.toHaveBeenCalled();
  });

  it('does not treat an outage as a miss, as a later store may have an older key', async () => {
    await expect(firstKeyStoreOf(empty, down, holding('older')).privateKeys(keyId, {})).rejects.toThrow('down');
    expect(await firstKeyStoreOf(holding('a'), down).privateKeys(keyId, {})).toEqual(['a']);
  });
});

describe('Invalid key ids', () => {
  it('reach no store', async () => {
    const privateKeys = vi.fn(async () => []);
    const decryptor = createDecryptor({ keyStore: { privateKeys } });
    const { ciphertext } = recordingNamed('java rsa2048-card-number');
    const bad = ['a/b', '..', '../x', 'a%2fb', 'a\0b', 'a'.repeat(2000), 'ｆｆ52', 'а-кириллица', '', ' ', '4444'];
    for (const id of bad) {
      await expect(decryptor.decrypt(ciphertext, { keyId: id })).rejects.toMatchObject({ code: 'invalid_key_id' });
    }
    expect(privateKeys).not.toHaveBeenCalled();
  });
});

describe('A store on AWS that does not return the key', () => {
  let proxy: FaultyProxy;
  beforeAll(async () => {
    proxy = await startFaultyProxy(inject('ssmEndpoint'));
  });
  afterAll(() => proxy.stop());

  it.for<[Fault, string]>([
    ['deny', 'access is denied; allow {permission} on it, and kms:Decrypt on its KMS key'],
    ['throttle', 'the service throttles requests'],
    ['expired-token', 'the AWS credentials are missing or invalid'],
    ['half-answer', 'the service failed or is unreachable'],
    ['reset', 'the service failed or is unreachable'],
  ])('is unavailable, and says what to do next: %s', async ([fault, reason]) => {
    await faultControl(proxy.endpoint).set(fault);
    const settings = awsSettings(proxy.endpoint);
    for (const [KEY_STORE, permission] of [
      ['ssm', 'ssm:GetParameter'],
      ['secrets-manager', 'secretsmanager:GetSecretValue'],
    ]) {
      await expect(awsKeyStore({ ...settings, KEY_STORE }).privateKeys(keyId, {})).rejects.toMatchObject({
        code: 'key_store_unavailable',
        keyId,
        message: expect.stringContaining(reason.replace('{permission}', permission ?? '')),
      });
    }
  });

  it('stops asking when its signal is aborted', async () => {
    await faultControl(proxy.endpoint).set('slow');
    for (const KEY_STORE of ['ssm', 'secrets-manager']) {
      const store = awsKeyStore({ ...awsSettings(proxy.endpoint), KEY_STORE });
      const failed = store.privateKeys(keyId, { signal: AbortSignal.timeout(50) });
      await expect(failed).rejects.toMatchObject({ code: 'key_store_unavailable', cause: { name: 'AbortError' } });
    }
  });

  it('names the setting that is missing', async () => {
    expect(() => awsKeyStore({ ...awsSettings(proxy.endpoint), AWS_REGION: '' })).toThrow('AWS_REGION');
    expect(() => awsKeyStore({ ...awsSettings(proxy.endpoint), KEY_STORE: 'vault' })).toThrow('KEY_STORE');
    // The machine has no role, either.
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) vi.stubEnv(name, undefined);
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    const store = awsKeyStore({ AWS_REGION: 'us-east-1', AWS_ENDPOINT_URL: proxy.endpoint });
    const outcome = await store.privateKeys(keyId, {}).catch(({ code, message }) => ({ code, message }));
    vi.unstubAllEnvs();
    expect(outcome).toEqual({
      code: 'key_store_unavailable',
      message: expect.stringContaining('AWS_ACCESS_KEY_ID'),
    });
  });

  it('is unavailable when the response contains no key, which is not an empty key', async () => {
    await faultControl(proxy.endpoint).set('empty-answer');
    for (const KEY_STORE of ['ssm', 'secrets-manager']) {
      const store = awsKeyStore({ ...awsSettings(proxy.endpoint), KEY_STORE });
      await expect(store.privateKeys(keyId, {})).rejects.toMatchObject({ code: 'key_store_unavailable' });
    }
  });
});

describe('A cold decrypt', () => {
  it('makes one request to SSM, and a warm one makes none', async () => {
    const proxy = await startFaultyProxy(inject('ssmEndpoint'));
    const keyStore = awsKeyStore(awsSettings(proxy.endpoint));
    const decryptor = createDecryptor({ keyStore });
    const { ciphertext } = recordingNamed('java rsa2048-card-number');
    for (let call = 0; call < 5; call += 1) {
      await decryptor.decrypt(ciphertext);
      expect(await faultControl(proxy.endpoint).requests()).toBe(1);
    }
    await proxy.stop();
  });
});

describe.skipIf(inject('awsEndpoint') === null)('With moto', () => {
  it('reads under the prefix that is configured', async () => {
    const Name = `/elsewhere/${keyId}/private-key`;
    const client = new SSMClient(awsTestClient());
    await client.send(new PutParameterCommand({ Name, Value: 'the key', Type: 'SecureString' }));
    const settings = { ...awsSettings(inject('ssmEndpoint')), KEY_PREFIX: '/elsewhere/' };
    expect(await awsKeyStore(settings).privateKeys(keyId, {})).toEqual(['the key']);
  });

  it('accepts a String parameter, and warns once that it is stored in the clear', async () => {
    const client = new SSMClient(awsTestClient());
    await client.send(
      new PutParameterCommand({ Name: `/clear/${keyId}/private-key`, Value: 'canary-key', Type: 'String' }),
    );
    const warnings: StoredInTheClear[] = [];
    const store = ssmKeyStore({ client, prefix: '/clear', warn: (warning) => warnings.push(warning) });
    for (let call = 0; call < 3; call += 1) expect(await store.privateKeys(keyId, {})).toEqual(['canary-key']);
    expect(warnings).toEqual([
      { level: 'WARN', code: 'not_a_secure_string', keyId, message: expect.stringContaining('SecureString') },
    ]);
    expect(JSON.stringify(warnings)).not.toContain('canary');
  });

  it('returns the pending version of a secret beside the current one', async () => {
    const client = new SecretsManagerClient(awsTestClient());
    const secret = `pending/${keyId}/private-key`;
    await client.send(new CreateSecretCommand({ Name: secret, SecretString: 'current' }));
    await client.send(
      new PutSecretValueCommand({ SecretId: secret, SecretString: 'pending', VersionStages: ['AWSPENDING'] }),
    );
    const store = secretsManagerKeyStore({ client, prefix: 'pending' });
    expect(await store.privateKeys(keyId, {})).toEqual(['pending', 'current']);
  });

  it('reads the privateKey of a secret that is JSON, and text that was stored as bytes', async () => {
    const client = new SecretsManagerClient(awsTestClient());
    const json = JSON.stringify({ privateKey: 'the key', certificate: 'public' });
    const bytes = new TextEncoder().encode('the key');
    await client.send(new CreateSecretCommand({ Name: `json/${keyId}/private-key`, SecretString: json }));
    await client.send(new CreateSecretCommand({ Name: `bytes/${keyId}/private-key`, SecretBinary: bytes }));
    for (const prefix of ['json', 'bytes']) {
      expect(await secretsManagerKeyStore({ client, prefix }).privateKeys(keyId, {})).toEqual(['the key']);
    }
  });
});

describe('Several keys in one value', () => {
  it('are all tried, even if one is unusable', async () => {
    const both = testKeys
      .slice(0, 2)
      .map(({ privateKeyPkcs8 }) => pem('PRIVATE KEY', privateKeyPkcs8))
      .reverse()
      .concat(pem('PRIVATE KEY', testKeys[2]?.privateKeyPkcs8.slice(0, 400) ?? ''), pem('EC PRIVATE KEY', 'AAAA'))
      .join('');
    const { ciphertext, plaintext } = recordingNamed('java rsa2048-card-number');
    const decrypted = await createDecryptor({ keyStore: { privateKeys: async () => [both] } }).decrypt(ciphertext);
    expect(decodeUtf8(decrypted.plaintext)).toBe(plaintext);
  });
});
