import { type Cache, type CacheTimes, createCache, type Entry } from '../cache/cache.ts';
import { type CachedReads, cachedReads } from '../cache/cached-reads.ts';
import { FlowKeysError } from '../errors.ts';
import { type Consumer, parseConsumer } from './consumer.ts';
import type { ConsumerStore } from './consumer-store.ts';

/** Options of {@link createConsumerCache}. */
export interface ConsumerCacheOptions extends CacheTimes {
  /** How many consumers are cached. The least recently used are evicted first. Default: 1,000. */
  readonly maxConsumers?: number;
  /** How many unknown or unusable names are cached. Default: 20,000. */
  readonly maxAbsentConsumers?: number;
}

/** @internal */
export interface CachedConsumer extends Entry {
  readonly consumer: Consumer;
}

/** A cache of consumers with their imported keys, by name. See {@link createConsumerCache}. */
export interface ConsumerCache {
  readonly holds: 'consumers';
  /** @internal */
  readonly cache: Cache<CachedConsumer>;
}

/**
 * Creates a cache of consumers, to be shared by the relays of one process or isolate. It works like the cache of
 * private keys, {@link createKeyCache}.
 *
 * @example
 * const consumerCache = createConsumerCache({ timeToLive: 60_000 });
 * const relay = createRelay({ decryptor, consumerStore, consumerCache });
 */
export function createConsumerCache({
  maxConsumers = 1_000,
  maxAbsentConsumers = 20_000,
  ...times
}: ConsumerCacheOptions = {}): ConsumerCache {
  const cache = createCache<CachedConsumer>({ ...times, maxNames: maxConsumers, maxAbsentNames: maxAbsentConsumers });
  return { holds: 'consumers', cache };
}

/**
 * Reads a consumer store through a cache.
 *
 * @internal
 */
export function cachedConsumers(consumerStore: ConsumerStore, { cache }: ConsumerCache): CachedReads<CachedConsumer> {
  return cachedReads({
    cache,
    ask: (name, signal) => consumerStore.consumer(name, { signal }),
    entryOf: async (name, text: string, readAt) => ({ consumer: await parseConsumer(name, text), readAt }),
    unavailable: (name, what, cause) =>
      new FlowKeysError(
        'consumer_store_unavailable',
        `The consumer store ${what} while reading consumer ${name}. Try again, and check the store's logs and metrics.`,
        { ...(cause !== undefined && { cause }) },
      ),
  });
}
