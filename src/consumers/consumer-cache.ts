import { type Cache, type CacheTimes, createCache, type Entry } from '../cache/cache.ts';
import { type CachedReads, cachedReads } from '../cache/cached-reads.ts';
import { FlowKeysError } from '../errors.ts';
import { type Consumer, parseConsumer } from './consumer.ts';
import type { ConsumerStore } from './consumer-store.ts';

/** Options of {@link createConsumerCache}. */
export interface ConsumerCacheOptions extends CacheTimes {
  /** How many consumers are kept; the least recently used leave first. Default: 1,000. */
  readonly maxConsumers?: number;
  /** How many names without a usable consumer are remembered. Default: 20,000. */
  readonly maxAbsentConsumers?: number;
}

/** @internal */
export interface CachedConsumer extends Entry {
  readonly consumer: Consumer;
}

/** Consumers with their imported keys, by name. */
export interface ConsumerCache {
  readonly holds: 'consumers';
  /** @internal */
  readonly cache: Cache<CachedConsumer>;
}

/**
 * Makes a cache of consumers, to be shared by the relays of one process or isolate. It has the manners of the
 * cache of private keys.
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
        `The consumer store ${what} when it was asked for consumer ${name}. Try again; its own logs and metrics say why.`,
        { ...(cause !== undefined && { cause }) },
      ),
  });
}
