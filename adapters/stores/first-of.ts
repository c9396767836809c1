import type { ConsumerStore, KeyStore } from '../../src/index.ts';

/**
 * Combines key stores: the first store that has the key id gives its keys. A store that fails is not skipped, as it may have
 * the key, while a later store may have an older one.
 *
 * @example
 * const keyStore = firstKeyStoreOf(bindingsKeyStore(env), ssmKeyStore({ client }));
 */
export function firstKeyStoreOf(...stores: readonly KeyStore[]): KeyStore {
  return {
    async privateKeys(keyId, options) {
      for (const store of stores) {
        const pems = await store.privateKeys(keyId, options);
        if (pems.length > 0) return pems;
      }
      return [];
    },
  };
}

/**
 * Combines consumer stores: the first store that has the consumer gives its document. A store that fails is not skipped, as
 * it may have the consumer, while a later store may have an older document.
 *
 * @example
 * const consumerStore = firstConsumerStoreOf(bindingsConsumerStore(env), ssmConsumerStore({ client }));
 */
export function firstConsumerStoreOf(...stores: readonly ConsumerStore[]): ConsumerStore {
  return {
    async consumer(name, options) {
      for (const store of stores) {
        const document = await store.consumer(name, options);
        if (document !== undefined) return document;
      }
      return undefined;
    },
  };
}
