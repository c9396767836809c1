import type { FlowKeysError } from '../errors.ts';

/** How long entries are cached, and how long calls wait for a store. Times are in milliseconds. */
export interface CacheTimes {
  /** How long an entry is used before the store is asked again. Default: 5 minutes. */
  readonly timeToLive?: number;
  /** How long an unknown or unusable name is cached as such. Default: 15 seconds. */
  readonly absentTimeToLive?: number;
  /** How long an expired entry is still used while the store is unavailable. Default: 1 hour. */
  readonly staleWhileUnavailable?: number;
  /** How old an entry must be before a failed use of it reads the store again. Default: 10 seconds. */
  readonly minimumRefreshAge?: number;
  /**
   * How long a call that has an expired entry to fall back on waits for the store, and how long concurrent calls use
   * that entry without asking. Default: 1 second.
   */
  readonly refreshPatience?: number;
  /** How long the store may take to respond before it counts as unavailable. Default: 2 seconds. */
  readonly lookupPatience?: number;
  /** How long an expired entry is used after the store was unavailable, before it is asked again. Default: 10 seconds. */
  readonly unavailableTimeToLive?: number;
  /** The time, in milliseconds. Default: `Date.now`. */
  readonly now?: () => number;
}

export interface CacheOptions extends CacheTimes {
  /** How many entries are cached. The least recently used are evicted first. */
  readonly maxNames: number;
  /** How many unknown or unusable names are cached. */
  readonly maxAbsentNames: number;
}

/** What the cache knows about one name. */
export interface Entry {
  /** When the store was asked. */
  readonly readAt: number;
}

/** The store has nothing usable under a name. */
export interface Absent extends Entry {
  /** Why the stored text is unusable. `undefined` when nothing is stored. */
  readonly error?: FlowKeysError;
}

/**
 * Caches values, never promises: a Worker must not await in one request what another request started.
 */
export interface Cache<Known extends Entry> {
  readonly options: Required<CacheOptions>;
  known(name: string): Known | undefined;
  /** Set while the name is cached as unknown or unusable. */
  absent(name: string): Absent | undefined;
  /** When the store may be asked again after it was unavailable. */
  unavailableUntil(name: string): number;
  /** Claims the refresh of an expired entry: true for one call, false for concurrent ones. */
  claimRefresh(name: string): boolean;
  /** Ignored when what is cached was read later. */
  remember(name: string, entry: Known): void;
  /**
   * Ignored when what is cached was read later. Removes the entry, unless the store still has something under the
   * name that is unusable.
   */
  rememberAbsent(name: string, absent: Absent): void;
  rememberUnavailable(name: string): void;
}

export function createCache<Known extends Entry>(given: CacheOptions): Cache<Known> {
  const options = {
    timeToLive: 300_000,
    absentTimeToLive: 15_000,
    staleWhileUnavailable: 3_600_000,
    minimumRefreshAge: 10_000,
    refreshPatience: 1_000,
    lookupPatience: 2_000,
    unavailableTimeToLive: 10_000,
    now: Date.now,
    ...given,
  };
  const { now, maxNames, maxAbsentNames, absentTimeToLive, unavailableTimeToLive } = options;
  const known = new Map<string, Known>();
  const absent = new Map<string, Absent>();
  const unavailable = new Map<string, number>();
  const claimed = new Map<string, number>();

  const isWithin = (since: number | undefined, milliseconds: number) =>
    since !== undefined && now() - since < milliseconds;

  const isReadLater = (name: string, readAt: number) =>
    [known.get(name), absent.get(name)].some((entry) => entry !== undefined && entry.readAt > readAt);

  return {
    options,
    known(name) {
      const entry = known.get(name);
      if (entry !== undefined) setNewest(known, name, entry, maxNames);
      return entry;
    },
    absent(name) {
      const entry = absent.get(name);
      return isWithin(entry?.readAt, absentTimeToLive) ? entry : undefined;
    },
    unavailableUntil: (name) => unavailable.get(name) ?? Number.NEGATIVE_INFINITY,
    claimRefresh(name) {
      if (isWithin(claimed.get(name), options.refreshPatience)) return false;
      setNewest(claimed, name, now(), maxNames);
      return true;
    },
    remember(name, entry) {
      if (isReadLater(name, entry.readAt)) return;
      absent.delete(name);
      unavailable.delete(name);
      setNewest(known, name, entry, maxNames);
    },
    rememberAbsent(name, entry) {
      if (isReadLater(name, entry.readAt)) return;
      if (entry.error === undefined) known.delete(name);
      unavailable.delete(name);
      setNewest(absent, name, entry, maxAbsentNames);
    },
    rememberUnavailable: (name) => setNewest(unavailable, name, now() + unavailableTimeToLive, maxNames),
  };
}

/** A Map keeps insertion order, so its first entry is the oldest. */
function setNewest<Value>(map: Map<string, Value>, key: string, value: Value, limit: number): void {
  map.delete(key);
  map.set(key, value);
  const oldest = map.keys().next().value;
  if (map.size > limit && oldest !== undefined) map.delete(oldest);
}
