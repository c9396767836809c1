import type { KeyStore } from '../../src/index.ts';

/**
 * Several stores as one: the first that has a key gives it. A store that does not know a key id is passed
 * over; one that fails is not, as it may have the key, and a later one may have an older key in its place.
 *
 * @example
 * const keyStore = firstOf(bindingsKeyStore(env), ssmKeyStore({ client }));
 */
export function firstOf(...stores: readonly KeyStore[]): KeyStore {
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
