import { env } from 'cloudflare:workers';
import { describe, inject } from 'vitest';
import { secretsManagerFixture, ssmFixture } from './aws.ts';
import { keyStoreContract } from './contract.ts';
import { bindingsFixture, firstOfFixture, kvFixture, secretsStoreFixture } from './memory.ts';

keyStoreContract('bindings: secrets', bindingsFixture, { canBeOutOfReach: false });
keyStoreContract('bindings: the Secrets Store', secretsStoreFixture);
keyStoreContract('bindings: KV', () => kvFixture(env.TEST_KEYS));
keyStoreContract('the first of several', firstOfFixture);

describe.skipIf(inject('awsEndpoint') === null)('With moto', () => {
  keyStoreContract('SSM', ssmFixture);
  keyStoreContract('Secrets Manager', secretsManagerFixture);
});
