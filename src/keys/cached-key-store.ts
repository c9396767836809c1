import { assertInTime, withinSignal } from '../deadline.ts';
import { FlowKeysError } from '../errors.ts';
import type { KeyStore } from './key-store.ts';
import { importPrivateKeys } from './private-key.ts';

/** Times are in milliseconds. */
export interface KeyCacheOptions {
  /** How long an imported key is used without asking the store. Default: 5 minutes. */
  readonly timeToLive?: number;
  /** How many key ids are kept; the least recently used leave first. Default: 100. */
  readonly maxKeyIds?: number;
  /** How long an id that the store does not know is not asked for again. Default: 15 seconds. */
  readonly unknownTimeToLive?: number;
  /** How many unknown ids are remembered. Default: 20,000, so that 1,000 new ones a second fit. */
  readonly maxUnknownKeyIds?: number;
  /** How long past its time to live a key serves while the store is unavailable. Default: 1 hour. */
  readonly staleWhileUnavailable?: number;
  /** How old a key must be for a message that does not unwrap to have it read again. Default: 10 seconds. */
  readonly minimumRefreshAge?: number;
  /** How long a call waits for the store when it has a key to fall back on. Default: 1 second. */
  readonly refreshPatience?: number;
  /** The time, in milliseconds. Default: `Date.now`. */
  readonly now?: () => number;
}

/** The imported private keys of one key id. */
export interface CachedKeys {
  readonly privateKeys: readonly CryptoKey[];
  readonly readAt: number;
}

/**
 * What a cache remembers: values, never promises. So it may outlive a request where lookups may not:
 * a Worker must not await in one request what another request started.
 */
export interface KeyCache {
  readonly options: Required<KeyCacheOptions>;
  /** Keys by id, least recently used first. */
  readonly keys: Map<string, CachedKeys>;
  /** When each unknown id was asked for, oldest first. */
  readonly unknown: Map<string, number>;
  /** Until when a store that was found unavailable is not asked again for a key that is there, by id. */
  readonly unavailableUntil: Map<string, number>;
}

/**
 * Makes a cache of imported private keys, to be shared by the decryptors of one process or isolate.
 *
 * @example
 * const keyCache = createKeyCache({ timeToLive: 60_000 });
 * const decryptor = createDecryptor({ keyStore, keyCache });
 */
export function createKeyCache(options: KeyCacheOptions = {}): KeyCache {
  return {
    options: {
      timeToLive: 300_000,
      maxKeyIds: 100,
      unknownTimeToLive: 15_000,
      maxUnknownKeyIds: 20_000,
      staleWhileUnavailable: 3_600_000,
      minimumRefreshAge: 10_000,
      refreshPatience: 1_000,
      now: Date.now,
      ...options,
    },
    keys: new Map(),
    unknown: new Map(),
    unavailableUntil: new Map(),
  };
}

/** Private keys by key id, imported once. */
export interface CachedKeyStore {
  /** The keys of an id; `undefined` when the store does not know it. */
  read(keyId: string, signal: AbortSignal | undefined): Promise<CachedKeys | undefined>;
  /** Newer keys of an id than those that did not unwrap a message, if the store may have some. */
  readNewer(keyId: string, than: CachedKeys, signal: AbortSignal | undefined): Promise<CachedKeys | undefined>;
}

/** A cache over a key store. Lookups in flight are shared by the calls of this object only. */
export function cachedKeyStore(keyStore: KeyStore, cache: KeyCache): CachedKeyStore {
  const { options } = cache;
  const lookups = new Map<string, Lookup>();

  async function read(keyId: string, signal: AbortSignal | undefined): Promise<CachedKeys | undefined> {
    const cached = cache.keys.get(keyId);
    const age = cached === undefined ? Number.POSITIVE_INFINITY : options.now() - cached.readAt;
    if (cached !== undefined && age < options.timeToLive) return touch(keyId, cached);
    if (isKnownToBeUnknown(keyId)) return undefined;
    if (cached === undefined || age >= options.timeToLive + options.staleWhileUnavailable) return lookUp(keyId, signal);
    return readAgain(keyId, cached, signal);
  }

  async function readNewer(
    keyId: string,
    than: CachedKeys,
    signal: AbortSignal | undefined,
  ): Promise<CachedKeys | undefined> {
    const cached = cache.keys.get(keyId);
    if (cached !== undefined && cached.readAt > than.readAt) return cached;
    if (options.now() - than.readAt < options.minimumRefreshAge) return undefined;
    const read = await readAgain(keyId, than, signal);
    return read === than ? undefined : read;
  }

  /** Reads a key that is there already: when the store is down or slow, the one that is there is served. */
  async function readAgain(
    keyId: string,
    cached: CachedKeys,
    signal: AbortSignal | undefined,
  ): Promise<CachedKeys | undefined> {
    if (options.now() < (cache.unavailableUntil.get(keyId) ?? 0)) return cached;
    const patience = AbortSignal.timeout(options.refreshPatience);
    try {
      return await lookUp(keyId, signal === undefined ? patience : AbortSignal.any([signal, patience]));
    } catch (error) {
      assertInTime(signal);
      if (!isUnavailable(error)) throw error;
      cache.unavailableUntil.set(keyId, options.now() + options.minimumRefreshAge);
      return cached;
    }
  }

  async function lookUp(keyId: string, signal: AbortSignal | undefined): Promise<CachedKeys | undefined> {
    assertInTime(signal);
    const lookup = lookups.get(keyId) ?? startLookup(keyId);
    lookup.waiting += 1;
    try {
      return await withinSignal(lookup.keys, signal);
    } finally {
      lookup.waiting -= 1;
      if (lookup.waiting === 0) {
        lookup.controller.abort();
        if (lookups.get(keyId) === lookup) lookups.delete(keyId);
      }
    }
  }

  function startLookup(keyId: string): Lookup {
    const controller = new AbortController();
    const lookup: Lookup = { controller, waiting: 0, keys: readStore(keyId, controller.signal) };
    lookups.set(keyId, lookup);
    return lookup;
  }

  async function readStore(keyId: string, signal: AbortSignal): Promise<CachedKeys | undefined> {
    const pems = await askStore(keyStore, keyId, signal);
    if (pems.length === 0) {
      forget(keyId);
      return undefined;
    }
    const privateKeys = await importAll(pems, keyId);
    const read = { privateKeys, readAt: options.now() };
    cache.unavailableUntil.delete(keyId);
    cache.unknown.delete(keyId);
    return touch(keyId, read);
  }

  function isKnownToBeUnknown(keyId: string): boolean {
    const askedAt = cache.unknown.get(keyId);
    return askedAt !== undefined && options.now() - askedAt < options.unknownTimeToLive;
  }

  function forget(keyId: string): void {
    cache.keys.delete(keyId);
    cache.unavailableUntil.delete(keyId);
    setNewest(cache.unknown, keyId, options.now(), options.maxUnknownKeyIds);
  }

  function touch(keyId: string, keys: CachedKeys): CachedKeys {
    setNewest(cache.keys, keyId, keys, options.maxKeyIds);
    return keys;
  }

  return { read, readNewer };
}

interface Lookup {
  readonly controller: AbortController;
  readonly keys: Promise<CachedKeys | undefined>;
  waiting: number;
}

/** A Map keeps the order of insertion, so its first entry is the oldest. */
function setNewest<Value>(map: Map<string, Value>, key: string, value: Value, limit: number): void {
  map.delete(key);
  map.set(key, value);
  const oldest = map.keys().next().value;
  if (map.size > limit && oldest !== undefined) map.delete(oldest);
}

async function askStore(keyStore: KeyStore, keyId: string, signal: AbortSignal): Promise<readonly string[]> {
  try {
    return await keyStore.privateKeys(keyId, { signal });
  } catch (error) {
    if (error instanceof FlowKeysError) throw error;
    const message = `The key store failed when it was asked for key id ${keyId}. Its own logs say why.`;
    throw new FlowKeysError('key_store_unavailable', message, { keyId, cause: error });
  }
}

/** Every usable key; one that is not usable only matters when there is no other. */
async function importAll(pems: readonly string[], keyId: string): Promise<readonly CryptoKey[]> {
  const imports = await Promise.allSettled(pems.map((pem) => importPrivateKeys(pem, keyId)));
  const privateKeys = imports.flatMap((imported) => (imported.status === 'fulfilled' ? imported.value : []));
  const failure = imports.find((imported) => imported.status === 'rejected');
  if (privateKeys.length === 0 && failure !== undefined) throw failure.reason;
  return privateKeys;
}

function isUnavailable(error: unknown): boolean {
  return (
    error instanceof FlowKeysError && (error.code === 'key_store_unavailable' || error.code === 'deadline_exceeded')
  );
}
