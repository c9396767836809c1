import type { KeyStore } from 'flow-security-keys';
import { FlowKeysError } from 'flow-security-keys';
import {
  bindingsKeyStore,
  type KeyValueNamespace,
  kvKeyStore,
  privateKeyBinding,
} from 'flow-security-keys/stores/bindings';
import { firstKeyStoreOf } from 'flow-security-keys/stores/first-of';
import type { StoreFixture } from './contract.ts';

export function bindingsFixture(): StoreFixture {
  const bindings: Record<string, unknown> = {};
  return {
    keyStore: bindingsKeyStore(bindings),
    async put(keyId, pem) {
      bindings[privateKeyBinding(keyId)] = pem;
    },
    async remove(keyId) {
      delete bindings[privateKeyBinding(keyId)];
    },
  };
}

/** Bindings of the Secrets Store's shape: `get()` is asked each time. */
export function secretsStoreFixture(): StoreFixture {
  const bindings: Record<string, { get(): Promise<string> }> = {};
  const failing = new Proxy(bindings, {
    getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true, value: undefined }),
    get: () => ({ get: () => Promise.reject(new Error('Secrets Store error')) }),
  });
  return {
    keyStore: bindingsKeyStore(bindings),
    async put(keyId, pem) {
      bindings[privateKeyBinding(keyId)] = { get: async () => pem };
    },
    async remove(keyId) {
      delete bindings[privateKeyBinding(keyId)];
    },
    unreachable: bindingsKeyStore(failing),
  };
}

export interface WritableNamespace extends KeyValueNamespace {
  put(key: string, value: string): Promise<void>;
  delete(key: string): Promise<unknown>;
}

export function kvFixture(namespace: WritableNamespace): StoreFixture {
  return {
    keyStore: kvKeyStore(namespace),
    put: (keyId, pem) => namespace.put(`${keyId}/private-key`, pem),
    async remove(keyId) {
      await namespace.delete(`${keyId}/private-key`);
    },
    unreachable: kvKeyStore({ get: () => Promise.reject(new Error('KV GET failed: 503')) }),
  };
}

/** Behind a store that knows nothing. */
export function firstOfFixture(): StoreFixture {
  const empty: KeyStore = { privateKeys: async () => [] };
  const down: KeyStore = {
    privateKeys: async (keyId) => {
      throw new FlowKeysError('key_store_unavailable', `It is down for ${keyId}.`, { keyId });
    },
  };
  const behind = bindingsFixture();
  return { ...behind, keyStore: firstKeyStoreOf(empty, behind.keyStore), unreachable: firstKeyStoreOf(down, empty) };
}
