import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bindingsConsumerStore } from 'flow-security-keys/stores/bindings';
import { directoryConsumerStore } from 'flow-security-keys/stores/directory';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { awsConsumerStore } from '../../adapters/stores/from-environment.ts';
import { awsSettings } from '../support/aws-settings.ts';
import { consumerStoreContract } from './contract.ts';
import { bindingsFixture, firstOfFixture, ssmFixture } from './fixtures.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'consumer-store-'));
  await mkdir(join(directory, 'consumers'));
});
afterAll(() => rm(directory, { recursive: true }));

const file = (name: string) => join(directory, 'consumers', `${name}.json`);

consumerStoreContract('a directory', () => ({
  consumerStore: directoryConsumerStore({ directory }),
  put: (name, document) => writeFile(file(name), document),
  remove: (name) => rm(file(name)),
  unreachable: directoryConsumerStore({ directory: join(directory, 'not-there') }),
}));
consumerStoreContract('bindings', bindingsFixture, { canBeOutOfReach: false });
consumerStoreContract('the first of several', firstOfFixture);

describe.skipIf(inject('awsEndpoint') === null)('With moto', () => {
  consumerStoreContract('SSM', ssmFixture);
});

describe('A directory of consumers', () => {
  const consumer = (name: string) => directoryConsumerStore({ directory }).consumer(name, {});

  it('ignores a file that every user may write, as any of them could read the inputs', async () => {
    await writeFile(file('writable'), '{}');
    await chmod(file('writable'), 0o666);
    await expect(consumer('writable')).rejects.toMatchObject({
      code: 'consumer_store_unavailable',
      message: expect.stringMatching(/chmod o-w \S+writable\.json/),
    });
  });

  it('ignores a file that every user may replace, unless the sticky bit is set', async () => {
    await writeFile(file('replaceable'), '{}');
    for (const folder of [directory, join(directory, 'consumers')]) {
      await chmod(folder, 0o777);
      await expect(consumer('replaceable')).rejects.toMatchObject({
        code: 'consumer_store_unavailable',
        message: expect.stringContaining(`chmod o-w ${folder}"`),
      });
      await chmod(folder, 0o1777);
      expect(await consumer('replaceable')).toBe('{}');
      await chmod(folder, 0o755);
    }
  });

  it('does not follow a link out of the directory', async () => {
    await symlink('/etc/hostname', file('link'));
    await expect(consumer('link')).rejects.toMatchObject({
      message: expect.stringContaining('a link out of the directory'),
    });
  });
});

describe('Consumers on AWS', () => {
  it('are unavailable when a setting is missing', async () => {
    await expect(awsConsumerStore({}).consumer('billing', {})).rejects.toMatchObject({
      code: 'not_configured',
      message: expect.stringContaining('AWS_REGION'),
    });
  });

  it.for([
    [{}, '/amazon-connect/encryption/consumers/billing'],
    [{ KEY_PREFIX: '/elsewhere' }, '/elsewhere/consumers/billing'],
    [{ KEY_STORE: 'ssm', KEY_PREFIX: '/elsewhere/' }, '/elsewhere/consumers/billing'],
    [{ KEY_STORE: 'secrets-manager', KEY_PREFIX: 'elsewhere' }, '/amazon-connect/encryption/consumers/billing'],
  ] as const)('are under KEY_PREFIX when the keys are in Parameter Store: %o', async ([settings, parameter]) => {
    const environment = { ...awsSettings('http://127.0.0.1:9'), ...settings };
    await expect(awsConsumerStore(environment).consumer('billing', {})).rejects.toMatchObject({
      code: 'consumer_store_unavailable',
      message: expect.stringContaining(`parameter ${parameter} could not be read`),
    });
  });
});

describe('A binding', () => {
  it('may be JSON, as variables of wrangler.toml are', async () => {
    const document = { format: 'jwe', fields: ['card'] };
    const text = await bindingsConsumerStore({ CONSUMER_fraud_check: document }).consumer('fraud-check', {});
    expect(JSON.parse(text ?? '')).toEqual(document);
  });
});
