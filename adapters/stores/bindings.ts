import { FlowKeysError, type KeyStore } from '../../src/index.ts';

/** What stands before the key id in a binding's name. */
const namePrefix = 'PRIVATE_KEY_';

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
      const name = keyId.includes('_') ? undefined : bindingName(keyId);
      const binding = name !== undefined && Object.hasOwn(bindings, name) ? bindings[name] : undefined;
      if (typeof binding === 'string') return [binding];
      if (!isSecretsStoreSecret(binding)) return [];
      return [await available(keyId, `Secrets Store binding ${name}`, () => binding.get())];
    },
  };
}

/** The name of the binding that holds the private key of a key id. */
export function bindingName(keyId: string): string {
  return namePrefix + keyId.replaceAll('-', '_');
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
      const pem = await available(keyId, 'KV namespace', () => namespace.get(`${keyId}/private-key`));
      return pem === null ? [] : [pem];
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
