import { type Cache, type CacheTimes, createCache, type Entry } from '../cache/cache.ts';

export interface KeyCacheOptions extends CacheTimes {
  /** How many key ids are kept; the least recently used leave first. Default: 100. */
  readonly maxKeyIds?: number;
  /** How many ids without a usable key are remembered. Default: 20,000, so that 1,000 new ones a second fit. */
  readonly maxAbsentKeyIds?: number;
}

/** The imported private keys of one PEM text. */
export interface ImportedPem {
  /** SHA-256 of the text: it tells whether the store still has it, and the text need not be kept. */
  readonly fingerprint: string;
  readonly privateKeys: readonly CryptoKey[];
  /** When the store was first found to have others in its place. */
  readonly replacedAt?: number;
}

/** What is known of one key id. */
export interface CachedKeys extends Entry {
  /** What the store has, newest first, then what was replaced within the time to live. */
  readonly pems: readonly ImportedPem[];
}

/** Imported private keys, by key id. */
export type KeyCache = Cache<CachedKeys>;

/**
 * Makes a cache of imported private keys, to be shared by the decryptors of one process or isolate.
 *
 * @example
 * const keyCache = createKeyCache({ timeToLive: 60_000 });
 * const decryptor = createDecryptor({ keyStore, keyCache });
 */
export function createKeyCache({
  maxKeyIds = 100,
  maxAbsentKeyIds = 20_000,
  ...times
}: KeyCacheOptions = {}): KeyCache {
  return createCache({ ...times, maxNames: maxKeyIds, maxAbsentNames: maxAbsentKeyIds });
}
