import { DeleteParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { type ConsumerStore, FlowKeysError } from 'flow-security-keys';
import { bindingsConsumerStore, consumerBinding, kvConsumerStore } from 'flow-security-keys/stores/bindings';
import { firstConsumerStoreOf } from 'flow-security-keys/stores/first-of';
import { ssmConsumerStore } from 'flow-security-keys/stores/ssm';
import { awsTestClient } from '../key-stores/aws.ts';
import type { WritableNamespace } from '../key-stores/memory.ts';
import type { ConsumerStoreFixture } from './contract.ts';

export function bindingsFixture(): ConsumerStoreFixture {
  const bindings: Record<string, unknown> = {};
  return {
    consumerStore: bindingsConsumerStore(bindings),
    async put(name, document) {
      bindings[consumerBinding(name)] = document;
    },
    async remove(name) {
      delete bindings[consumerBinding(name)];
    },
  };
}

export function kvFixture(namespace: WritableNamespace): ConsumerStoreFixture {
  return {
    consumerStore: kvConsumerStore(namespace),
    put: (name, document) => namespace.put(`consumers/${name}`, document),
    async remove(name) {
      await namespace.delete(`consumers/${name}`);
    },
    unreachable: kvConsumerStore({ get: () => Promise.reject(new Error('KV GET failed: 503')) }),
  };
}

/** Behind a store that knows nothing. */
export function firstOfFixture(): ConsumerStoreFixture {
  const empty: ConsumerStore = { consumer: async () => undefined };
  const down: ConsumerStore = {
    consumer: async (name) => {
      throw new FlowKeysError('consumer_store_unavailable', `It is down for ${name}.`);
    },
  };
  const behind = bindingsFixture();
  return {
    ...behind,
    consumerStore: firstConsumerStoreOf(empty, behind.consumerStore),
    unreachable: firstConsumerStoreOf(down, behind.consumerStore),
  };
}

export function ssmFixture(): ConsumerStoreFixture {
  const client = new SSMClient(awsTestClient());
  // A separate prefix for each run, as several runtimes run at once.
  const prefix = `/contract/${crypto.randomUUID()}`;
  const parameter = (name: string) => `${prefix}/consumers/${name}`;
  return {
    consumerStore: ssmConsumerStore({ client, prefix }),
    async put(name, document) {
      const input = { Name: parameter(name), Value: document, Type: 'String', Overwrite: true } as const;
      await client.send(new PutParameterCommand(input));
    },
    async remove(name) {
      await client.send(new DeleteParameterCommand({ Name: parameter(name) }));
    },
    unreachable: ssmConsumerStore({ client: new SSMClient(awsTestClient('http://127.0.0.1:9')) }),
  };
}
