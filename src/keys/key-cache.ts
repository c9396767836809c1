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
  /** How long the store may take to answer before it counts as unavailable. Default: 3 seconds. */
  readonly lookupPatience?: number;
  /** The time, in milliseconds. Default: `Date.now`. */
  readonly now?: () => number;
}

/** The imported private keys of one PEM text. */
export interface ImportedPem {
  /** SHA-256 of the text: it tells whether the store still has it, and the text need not be kept. */
  readonly fingerprint: string;
  readonly privateKeys: readonly CryptoKey[];
  /** When the store last had it. */
  readonly seenAt: number;
}

/** What is known of one key id. */
export interface CachedKeys {
  /** What the store has, newest first, then what it had within the time to live. */
  readonly pems: readonly ImportedPem[];
  readonly readAt: number;
}

/**
 * What a cache remembers: values, never promises. So it may outlive a request where lookups may not:
 * a Worker must not await in one request what another request started.
 */
export interface KeyCache {
  readonly options: Required<KeyCacheOptions>;
  keys(keyId: string): CachedKeys | undefined;
  /** Whether the store was asked for the id a short while ago, and did not know it. */
  isUnknown(keyId: string): boolean;
  /** Whether the store was found unavailable a short while ago. */
  isUnavailable(keyId: string): boolean;
  remember(keyId: string, keys: CachedKeys): void;
  rememberUnknown(keyId: string): void;
  rememberUnavailable(keyId: string): void;
}

/**
 * Makes a cache of imported private keys, to be shared by the decryptors of one process or isolate.
 *
 * @example
 * const keyCache = createKeyCache({ timeToLive: 60_000 });
 * const decryptor = createDecryptor({ keyStore, keyCache });
 */
export function createKeyCache(given: KeyCacheOptions = {}): KeyCache {
  const options = {
    timeToLive: 300_000,
    maxKeyIds: 100,
    unknownTimeToLive: 15_000,
    maxUnknownKeyIds: 20_000,
    staleWhileUnavailable: 3_600_000,
    minimumRefreshAge: 10_000,
    refreshPatience: 1_000,
    lookupPatience: 3_000,
    now: Date.now,
    ...given,
  };
  const { now, maxKeyIds, maxUnknownKeyIds } = options;
  const known = new Map<string, CachedKeys>();
  const unknown = new Map<string, number>();
  const unavailable = new Map<string, number>();

  const isWithin = (since: number | undefined, milliseconds: number) =>
    since !== undefined && now() - since < milliseconds;

  return {
    options,
    keys(keyId) {
      const keys = known.get(keyId);
      if (keys !== undefined) setNewest(known, keyId, keys, maxKeyIds);
      return keys;
    },
    isUnknown: (keyId) => isWithin(unknown.get(keyId), options.unknownTimeToLive),
    isUnavailable: (keyId) => isWithin(unavailable.get(keyId), options.minimumRefreshAge),
    remember(keyId, keys) {
      unknown.delete(keyId);
      unavailable.delete(keyId);
      setNewest(known, keyId, keys, maxKeyIds);
    },
    rememberUnknown(keyId) {
      known.delete(keyId);
      unavailable.delete(keyId);
      setNewest(unknown, keyId, now(), maxUnknownKeyIds);
    },
    rememberUnavailable: (keyId) => setNewest(unavailable, keyId, now(), maxKeyIds),
  };
}

/** A Map keeps the order of insertion, so its first entry is the oldest. */
function setNewest<Value>(map: Map<string, Value>, key: string, value: Value, limit: number): void {
  map.delete(key);
  map.set(key, value);
  const oldest = map.keys().next().value;
  if (map.size > limit && oldest !== undefined) map.delete(oldest);
}
