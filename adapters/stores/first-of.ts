import type { ConsumerStore, KeyStore } from '../../src/index.ts';

/**
 * Several stores as one: the first that has a key gives it. A store that does not know a key id is passed
 * over; one that fails is not, as it may have the key, and a later one may have an older key in its place.
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
 * Several stores as one: the first that has a consumer gives it. A store that does not know a name is passed over;
 * one that fails is not, as it may have the consumer, and a later one an older document in its place.
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
