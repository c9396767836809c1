import type { KeyStore } from '../../src/index.ts';

/**
 * Several stores as one: the first that has a key gives it. A store that fails is passed over, but its
 * outage does not pass for a miss: when no other store has the key, its error is thrown.
 *
 * @example
 * const keyStore = firstOf(bindingsKeyStore(env), ssmKeyStore({ client }));
 */
export function firstOf(...stores: readonly KeyStore[]): KeyStore {
  return {
    async privateKeys(keyId, options) {
      const outages: unknown[] = [];
      for (const store of stores) {
        try {
          const pems = await store.privateKeys(keyId, options);
          if (pems.length > 0) return pems;
        } catch (error) {
          outages.push(error);
        }
      }
      if (outages.length > 0) throw outages[0];
      return [];
    },
  };
}
