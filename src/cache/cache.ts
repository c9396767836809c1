import type { FlowKeysError } from '../errors.ts';

/** How long things are remembered, and how long a store is waited for. Times are in milliseconds. */
export interface CacheTimes {
  /** How long what a store gave is used without asking it. Default: 5 minutes. */
  readonly timeToLive?: number;
  /** How long a name for which the store has nothing usable is not asked for again. Default: 15 seconds. */
  readonly absentTimeToLive?: number;
  /** How long past its time to live an entry serves while the store is unavailable. Default: 1 hour. */
  readonly staleWhileUnavailable?: number;
  /** How old a key must be for a message that does not unwrap to have it read again. Default: 10 seconds. */
  readonly minimumRefreshAge?: number;
  /**
   * How long a call waits for the store when it has an entry to fall back on, and how long others at the same
   * moment take that entry without asking. Default: 1 second.
   */
  readonly refreshPatience?: number;
  /** How long the store may take to answer before it counts as unavailable. Default: 2 seconds. */
  readonly lookupPatience?: number;
  /** How long a store that was found unavailable is not asked again for an entry that serves. Default: 10 seconds. */
  readonly unavailableTimeToLive?: number;
  /** The time, in milliseconds. Default: `Date.now`. */
  readonly now?: () => number;
}

export interface CacheOptions extends CacheTimes {
  /** How many names are kept; the least recently used leave first. */
  readonly maxNames: number;
  /** How many names without anything usable are remembered. */
  readonly maxAbsentNames: number;
}

/** What is known of one name. */
export interface Entry {
  /** When the store was asked. */
  readonly readAt: number;
}

/** That the store has nothing usable under a name. */
export interface Absent extends Entry {
  /** What is wrong with what it has; `undefined` where it has nothing. */
  readonly error?: FlowKeysError;
}

/**
 * What a cache remembers: values, never promises. So it may outlive a request where lookups may not:
 * a Worker must not await in one request what another request started.
 */
export interface Cache<Known extends Entry> {
  readonly options: Required<CacheOptions>;
  known(name: string): Known | undefined;
  /** What the store was found to lack a short while ago. */
  absent(name: string): Absent | undefined;
  /** Until when the store is not asked again, as it was found unavailable. */
  unavailableUntil(name: string): number;
  /** Claims the reading of an entry whose time is over: true for one call, false for those at the same time. */
  claimRefresh(name: string): boolean;
  /** Unless what is remembered was read later. */
  remember(name: string, entry: Known): void;
  /**
   * Unless what is remembered was read later. An entry that is remembered is forgotten, but for one in whose
   * place the store has something that is unusable.
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

/** A Map keeps the order of insertion, so its first entry is the oldest. */
function setNewest<Value>(map: Map<string, Value>, key: string, value: Value, limit: number): void {
  map.delete(key);
  map.set(key, value);
  const oldest = map.keys().next().value;
  if (map.size > limit && oldest !== undefined) map.delete(oldest);
}
