import { env } from 'cloudflare:workers';
import { describe, inject } from 'vitest';
import { consumerStoreContract } from './contract.ts';
import { bindingsFixture, firstOfFixture, kvFixture, ssmFixture } from './fixtures.ts';

consumerStoreContract('bindings', bindingsFixture, { canBeOutOfReach: false });
consumerStoreContract('KV', () => kvFixture(env.TEST_KEYS));
consumerStoreContract('the first of several', firstOfFixture);

describe.skipIf(inject('awsEndpoint') === null)('With moto', () => {
  consumerStoreContract('SSM', ssmFixture);
});
