import type { FlowKeysError } from '../errors.ts';

/** Times are in milliseconds. */
export interface KeyCacheOptions {
  /** How long an imported key is used without asking the store. Default: 5 minutes. */
  readonly timeToLive?: number;
  /** How many key ids are kept; the least recently used leave first. Default: 100. */
  readonly maxKeyIds?: number;
  /** How long an id for which the store has no usable key is not asked for again. Default: 15 seconds. */
  readonly absentTimeToLive?: number;
  /** How many such ids are remembered. Default: 20,000, so that 1,000 new ones a second fit. */
  readonly maxAbsentKeyIds?: number;
  /** How long past its time to live a key serves while the store is unavailable. Default: 1 hour. */
  readonly staleWhileUnavailable?: number;
  /** How old a key must be for a message that does not unwrap to have it read again. Default: 10 seconds. */
  readonly minimumRefreshAge?: number;
  /**
   * How long a call waits for the store when it has a key to fall back on, and how long others at the same
   * moment take that key without asking. Default: 1 second.
   */
  readonly refreshPatience?: number;
  /** How long the store may take to answer before it counts as unavailable. Default: 2 seconds. */
  readonly lookupPatience?: number;
  /** How long a store that was found unavailable is not asked again for a key that serves. Default: 10 seconds. */
  readonly unavailableTimeToLive?: number;
  /** The time, in milliseconds. Default: `Date.now`. */
  readonly now?: () => number;
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
export interface CachedKeys {
  /** What the store has, newest first, then what was replaced within the time to live. */
  readonly pems: readonly ImportedPem[];
  /** When the store was asked. */
  readonly readAt: number;
}

/** That the store has no usable key for an id. */
export interface AbsentKey {
  /** When the store was asked. */
  readonly readAt: number;
  /** What is wrong with what it has; `undefined` where it has nothing. */
  readonly error?: FlowKeysError;
}

/**
 * What a cache remembers: values, never promises. So it may outlive a request where lookups may not:
 * a Worker must not await in one request what another request started.
 */
export interface KeyCache {
  readonly options: Required<KeyCacheOptions>;
  keys(keyId: string): CachedKeys | undefined;
  /** What the store was found to lack a short while ago. */
  absent(keyId: string): AbsentKey | undefined;
  /** Until when the store is not asked again, as it was found unavailable. */
  unavailableUntil(keyId: string): number;
  /** Claims the reading of keys whose time is over: true for one call, false for those at the same time. */
  claimRefresh(keyId: string): boolean;
  /** Unless what is remembered was read later. */
  remember(keyId: string, keys: CachedKeys): void;
  /**
   * Unless what is remembered was read later. Keys that are remembered are forgotten, but for those in whose
   * place the store has something that is unusable.
   */
  rememberAbsent(keyId: string, absent: AbsentKey): void;
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
    absentTimeToLive: 15_000,
    maxAbsentKeyIds: 20_000,
    staleWhileUnavailable: 3_600_000,
    minimumRefreshAge: 10_000,
    refreshPatience: 1_000,
    lookupPatience: 2_000,
    unavailableTimeToLive: 10_000,
    now: Date.now,
    ...given,
  };
  const { now, maxKeyIds, maxAbsentKeyIds, absentTimeToLive, unavailableTimeToLive } = options;
  const known = new Map<string, CachedKeys>();
  const absent = new Map<string, AbsentKey>();
  const unavailable = new Map<string, number>();
  const claimed = new Map<string, number>();

  const isWithin = (since: number | undefined, milliseconds: number) =>
    since !== undefined && now() - since < milliseconds;

  const isReadLater = (keyId: string, readAt: number) =>
    [known.get(keyId), absent.get(keyId)].some((entry) => entry !== undefined && entry.readAt > readAt);

  return {
    options,
    keys(keyId) {
      const keys = known.get(keyId);
      if (keys !== undefined) setNewest(known, keyId, keys, maxKeyIds);
      return keys;
    },
    absent(keyId) {
      const entry = absent.get(keyId);
      return isWithin(entry?.readAt, absentTimeToLive) ? entry : undefined;
    },
    unavailableUntil: (keyId) => unavailable.get(keyId) ?? Number.NEGATIVE_INFINITY,
    claimRefresh(keyId) {
      if (isWithin(claimed.get(keyId), options.refreshPatience)) return false;
      setNewest(claimed, keyId, now(), maxKeyIds);
      return true;
    },
    remember(keyId, keys) {
      if (isReadLater(keyId, keys.readAt)) return;
      absent.delete(keyId);
      unavailable.delete(keyId);
      setNewest(known, keyId, keys, maxKeyIds);
    },
    rememberAbsent(keyId, entry) {
      if (isReadLater(keyId, entry.readAt)) return;
      if (entry.error === undefined) known.delete(keyId);
      unavailable.delete(keyId);
      setNewest(absent, keyId, entry, maxAbsentKeyIds);
    },
    rememberUnavailable: (keyId) => setNewest(unavailable, keyId, now() + unavailableTimeToLive, maxKeyIds),
  };
}

/** A Map keeps the order of insertion, so its first entry is the oldest. */
function setNewest<Value>(map: Map<string, Value>, key: string, value: Value, limit: number): void {
  map.delete(key);
  map.set(key, value);
  const oldest = map.keys().next().value;
  if (map.size > limit && oldest !== undefined) map.delete(oldest);
}
