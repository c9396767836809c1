import { type ConsumerStore, FlowKeysError, type KeyStore } from '../../src/index.ts';
import { consumerBinding, consumerPath, privateKeyBinding, privateKeyPath } from './names.ts';

export { consumerBinding, privateKeyBinding };

/** A Secrets Store binding: https://developers.cloudflare.com/secrets-store/integrations/workers/ */
interface SecretsStoreSecret {
  get(): Promise<string>;
}

/** As much of a KV namespace as is used. */
export interface KeyValueNamespace {
  get(key: string): Promise<string | null>;
}

/**
 * Private keys in a Worker's bindings, one for each key id: a secret or a Secrets Store binding, named
 * `PRIVATE_KEY_` and the key id with `_` for each `-` (a binding's name is an identifier), that holds the
 * PEM text.
 *
 * @param bindings the Worker's `env`
 * @throws FlowKeysError `key_store_unavailable` from `privateKeys` when the Secrets Store does not answer
 * @example
 * // wrangler secret put PRIVATE_KEY_ff52db55_5326_47c9_89a0_8d809eae9802 < private-key.pem
 * const keyStore = bindingsKeyStore(env);
 */
export function bindingsKeyStore(bindings: Readonly<Record<string, unknown>>): KeyStore {
  return {
    async privateKeys(keyId) {
      // An id that holds "_" itself would share its name with another.
      const name = keyId.includes('_') ? undefined : privateKeyBinding(keyId);
      const binding = name !== undefined && Object.hasOwn(bindings, name) ? bindings[name] : undefined;
      if (typeof binding === 'string') return [binding];
      if (!isSecretsStoreSecret(binding)) return [];
      return [await available(keyId, `Secrets Store binding ${name}`, () => binding.get())];
    },
  };
}

/**
 * Private keys in a KV namespace, under `{key-id}/private-key`. The weaker choice: whoever may read the
 * namespace reads the keys, and a changed value takes up to a minute to be seen everywhere.
 *
 * @throws FlowKeysError `key_store_unavailable` from `privateKeys` when KV does not answer
 */
export function kvKeyStore(namespace: KeyValueNamespace): KeyStore {
  return {
    async privateKeys(keyId) {
      const pem = await available(keyId, 'KV namespace', () => namespace.get(privateKeyPath(keyId)));
      return pem === null ? [] : [pem];
    },
  };
}

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
      const key = consumerBinding(name);
      const binding = Object.hasOwn(bindings, key) ? bindings[key] : undefined;
      return typeof binding === 'string' ? binding : JSON.stringify(binding);
    },
  };
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
        return (await namespace.get(consumerPath(name))) ?? undefined;
      } catch (cause) {
        const message = `The KV namespace did not give the document of consumer ${name}. Try again, and check the binding.`;
        throw new FlowKeysError('consumer_store_unavailable', message, { cause });
      }
    },
  };
}

async function available<Value>(keyId: string, what: string, get: () => Promise<Value>): Promise<Value> {
  try {
    return await get();
  } catch (cause) {
    const message = `The ${what} did not give the private key of key id ${keyId}. Try again, and check the binding.`;
    throw new FlowKeysError('key_store_unavailable', message, { keyId, cause });
  }
}

function isSecretsStoreSecret(binding: unknown): binding is SecretsStoreSecret {
  return typeof binding === 'object' && binding !== null && 'get' in binding && typeof binding.get === 'function';
}
