import { type ConsumerStore, FlowKeysError, type KeyStore } from '../../src/index.ts';
import { consumerBinding, consumerPath, privateKeyBinding, privateKeyPath } from './names.ts';

export { consumerBinding, privateKeyBinding };

/** A Secrets Store binding: https://developers.cloudflare.com/secrets-store/integrations/workers/ */
interface SecretsStoreSecret {
  get(): Promise<string>;
}

/** The part of a KV namespace that the stores use. */
export interface KeyValueNamespace {
  get(key: string): Promise<string | null>;
}

/**
 * Reads private keys from a Worker's bindings. Each is a secret or a Secrets Store binding that holds the PEM text. Its name
 * is `PRIVATE_KEY_` and the key id with `_` for each `-`, as a binding's name is an identifier.
 *
 * @param bindings the Worker's `env`
 * @throws FlowKeysError `key_store_unavailable` from `privateKeys` if the Secrets Store fails
 * @example
 * // wrangler secret put PRIVATE_KEY_ff52db55_5326_47c9_89a0_8d809eae9802 < private-key.pem
 * const keyStore = bindingsKeyStore(env);
 */
export function bindingsKeyStore(bindings: Readonly<Record<string, unknown>>): KeyStore {
  return {
    async privateKeys(keyId) {
      // The name of an id that holds "_" would also be the name of another id.
      const name = keyId.includes('_') ? undefined : privateKeyBinding(keyId);
      const binding = name !== undefined && Object.hasOwn(bindings, name) ? bindings[name] : undefined;
      if (typeof binding === 'string') return [binding];
      if (!isSecretsStoreSecret(binding)) return [];
      return [await readKey(keyId, `Secrets Store binding ${name}`, () => binding.get())];
    },
  };
}

/**
 * Reads private keys from a KV namespace, under `{key-id}/private-key`. Secrets are the better choice: everyone who may read
 * the namespace can read the keys, and a change takes up to a minute to arrive everywhere.
 *
 * @throws FlowKeysError `key_store_unavailable` from `privateKeys` if KV fails
 * @example
 * const keyStore = kvKeyStore(env.PRIVATE_KEYS);
 */
export function kvKeyStore(namespace: KeyValueNamespace): KeyStore {
  return {
    async privateKeys(keyId) {
      const pem = await readKey(keyId, 'KV namespace', () => namespace.get(privateKeyPath(keyId)));
      return pem === null ? [] : [pem];
    },
  };
}

/**
 * Reads consumers from a Worker's bindings. Each is a variable that holds the document as text or as JSON. Its name is
 * `CONSUMER_` and the consumer's name with `_` for each `-`, as a binding's name is an identifier.
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
 * Reads consumers from a KV namespace, under `consumers/{name}`. A change takes up to a minute to arrive everywhere.
 *
 * @throws FlowKeysError `consumer_store_unavailable` from `consumer` if KV fails
 * @example
 * const consumerStore = kvConsumerStore(env.CONSUMER_REGISTRY);
 */
export function kvConsumerStore(namespace: KeyValueNamespace): ConsumerStore {
  return {
    async consumer(name) {
      try {
        return (await namespace.get(consumerPath(name))) ?? undefined;
      } catch (cause) {
        const message = `The document of consumer ${name} could not be read from the KV namespace. Try again, and check the binding.`;
        throw new FlowKeysError('consumer_store_unavailable', message, { cause });
      }
    },
  };
}

async function readKey<Value>(keyId: string, where: string, read: () => Promise<Value>): Promise<Value> {
  try {
    return await read();
  } catch (cause) {
    const message = `The private key of key id ${keyId} could not be read from the ${where}. Try again, and check the binding.`;
    throw new FlowKeysError('key_store_unavailable', message, { keyId, cause });
  }
}

function isSecretsStoreSecret(binding: unknown): binding is SecretsStoreSecret {
  return typeof binding === 'object' && binding !== null && 'get' in binding && typeof binding.get === 'function';
}
