import type { ConsumerStore } from '../../src/index.ts';

/**
 * Several stores as one: the first that has a consumer gives it. A store that does not know a name is passed over;
 * one that fails is not, as it may have the consumer, and a later one an older document in its place.
 *
 * @example
 * const consumerStore = firstConsumerOf(bindingsConsumerStore(env), ssmConsumerStore({ client }));
 */
export function firstConsumerOf(...stores: readonly ConsumerStore[]): ConsumerStore {
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
