import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { directoryKeyStore } from 'flow-security-keys/stores/directory';
import { afterAll, beforeAll, describe, inject } from 'vitest';
import { secretsManagerFixture, ssmFixture } from './aws.ts';
import { keyStoreContract } from './contract.ts';
import { bindingsFixture, firstOfFixture, secretsStoreFixture } from './memory.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'key-store-'));
});
afterAll(() => rm(directory, { recursive: true }));

keyStoreContract('a directory', () => ({
  keyStore: directoryKeyStore({ directory }),
  async put(keyId, pem) {
    await mkdir(join(directory, keyId), { recursive: true });
    await writeFile(join(directory, keyId, 'private-key.pem'), pem, { mode: 0o600 });
  },
  remove: (keyId) => rm(join(directory, keyId), { recursive: true }),
  unreachable: directoryKeyStore({ directory: join(directory, 'not-there') }),
}));
keyStoreContract('bindings: secrets', bindingsFixture, { canBeOutOfReach: false });
keyStoreContract('bindings: the Secrets Store', secretsStoreFixture);
keyStoreContract('the first of several', firstOfFixture);

describe.skipIf(inject('awsEndpoint') === null)('With moto', () => {
  keyStoreContract('SSM', ssmFixture);
  keyStoreContract('Secrets Manager', secretsManagerFixture);
});
