import { type ConsumerStore, FlowKeysError } from '../../src/index.ts';
import type { KeyValueNamespace } from './bindings.ts';

/** What stands before the consumer's name in a binding's name. */
const namePrefix = 'CONSUMER_';

/**
 * Consumers in a Worker's bindings: a variable each, named `CONSUMER_` and the consumer's name with `_` for each `-`
 * (a binding's name is an identifier), that holds the document as text or as JSON.
 *
 * @param bindings the Worker's `env`
 * @example
 * // wrangler.toml: vars = { CONSUMER_fraud_check = { format = "jwe", publicKey = "…", keyIds = ["*"], fields = ["card"] } }
 * const consumerStore = bindingsConsumerStore(env);
 */
export function bindingsConsumerStore(bindings: Readonly<Record<string, unknown>>): ConsumerStore {
  return {
    async consumer(name) {
      const key = consumerBindingName(name);
      const binding = Object.hasOwn(bindings, key) ? bindings[key] : undefined;
      return typeof binding === 'string' ? binding : JSON.stringify(binding);
    },
  };
}

/** The name of the binding that holds a consumer's document. */
export function consumerBindingName(name: string): string {
  return namePrefix + name.replaceAll('-', '_');
}

/**
 * Consumers in a KV namespace, under `consumers/{name}`. A consumer that is added, changed or removed takes up to a
 * minute to be so everywhere.
 *
 * @throws FlowKeysError `consumer_store_unavailable` from `consumer` when KV does not answer
 */
export function kvConsumerStore(namespace: KeyValueNamespace): ConsumerStore {
  return {
    async consumer(name) {
      try {
        return (await namespace.get(`consumers/${name}`)) ?? undefined;
      } catch (cause) {
        const message = `The KV namespace did not give the document of consumer ${name}. Try again, and check the binding.`;
        throw new FlowKeysError('consumer_store_unavailable', message, { cause });
      }
    },
  };
}
