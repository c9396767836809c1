import { assertInTime, withDeadline, withinSignal } from '../deadline.ts';
import { FlowKeysError } from '../errors.ts';
import type { Cache, Entry } from './cache.ts';
import type { LookupBudget } from './lookup-budget.ts';

/** What a call reads with. */
export interface ReadOptions {
  readonly signal?: AbortSignal;
  /** Of which a name is taken that nothing is known of. */
  readonly lookupBudget?: LookupBudget;
}

/** Reading what a store has under a name, through a cache. */
export interface CachedReads<Known extends Entry> {
  /** What the store has under a name; `undefined` when it does not know it. */
  read(name: string, options: ReadOptions): Promise<Known | undefined>;
  /** Something newer than an entry that did not do, if the store may have it. */
  readNewer(name: string, than: Known, options: ReadOptions): Promise<Known | undefined>;
  /**
   * The same for a call that has its answer without: it waits only as long as for an entry whose time is over, and
   * takes a store that is down for one that has nothing newer. Of a Worker's calls at the same moment each reads for
   * itself: one that left it to another would be refused what was just allowed.
   */
  tryReadNewer(name: string, than: Known, options: ReadOptions): Promise<Known | undefined>;
}

export interface CachedReadsOptions<Text, Known extends Entry> {
  readonly cache: Cache<Known>;
  /** Asks the store; `undefined` when it does not know the name. */
  ask(name: string, signal: AbortSignal): Promise<Text | undefined>;
  /**
   * Makes an entry of what the store has.
   *
   * @param before what was known until then
   * @throws FlowKeysError when it is unusable
   */
  entryOf(name: string, text: Text, readAt: number, before: Known | undefined): Promise<Known>;
  /** The error that says that the store is unavailable; `what` it did: "failed". */
  unavailable(name: string, what: string, cause?: unknown): FlowKeysError;
}

// How long past its time an entry counts as in use all the time.
const idleTime = 60_000;

/** A lookup under way, for all who wait for it; without any, it is stopped. */
interface Lookup<Known> {
  readonly entry: Promise<Known | undefined>;
  readonly stop: AbortController;
  waiting: number;
}

/** Reads through a cache. */
export function cachedReads<Text, Known extends Entry>({
  cache,
  ask,
  entryOf,
  unavailable,
}: CachedReadsOptions<Text, Known>): CachedReads<Known> {
  const { timeToLive, staleWhileUnavailable, minimumRefreshAge, refreshPatience, lookupPatience, now } = cache.options;
  const scopes = new WeakMap<object, Map<string, Lookup<Known>>>();
  // Of calls without a scope.
  const ownScope = {};

  async function read(name: string, options: ReadOptions): Promise<Known | undefined> {
    const known = cache.known(name);
    if (known === undefined) return lookUpUnknown(name, options);
    const time = now();
    if (time >= known.readAt + timeToLive + staleWhileUnavailable) return lookUp(name, options);
    const refreshAt = Math.max(known.readAt + timeToLive, cache.unavailableUntil(name));
    if (time < refreshAt) return known;
    // Its time is over, and what the store has in its place is unusable: so it is for all calls.
    const unusable = cache.absent(name)?.error;
    if (unusable !== undefined) throw unusable;
    // One call reads it anew, a Worker's other requests included; those at the same moment take what is there,
    // unless the name has not been looked at for long.
    if (time < refreshAt + idleTime && !cache.claimRefresh(name)) return known;
    return refresh(name, known, options);
  }

  async function readNewer(name: string, than: Known, options: ReadOptions): Promise<Known | undefined> {
    const known = cache.known(name);
    if (known !== undefined && known.readAt > than.readAt) return known;
    const time = now();
    if (time - than.readAt < minimumRefreshAge) return undefined;
    if (time < cache.unavailableUntil(name)) throw unavailable(name, 'failed a short while ago');
    try {
      return await lookUp(name, options);
    } catch (error) {
      if (isUnavailable(error)) cache.rememberUnavailable(name);
      throw error;
    }
  }

  async function tryReadNewer(name: string, than: Known, options: ReadOptions): Promise<Known | undefined> {
    const known = cache.known(name);
    if (known !== undefined && known.readAt > than.readAt) return known;
    const time = now();
    if (time - than.readAt < minimumRefreshAge || time < cache.unavailableUntil(name)) return undefined;
    return refresh(name, undefined, options);
  }

  /** Reads what the store has now: when it is down or slow, what the call has already is served. */
  async function refresh(name: string, known: Known | undefined, options: ReadOptions): Promise<Known | undefined> {
    // It goes on when patience ends, so that the answer of a slow store is there for the next call.
    const lookup = lookUp(name, options);
    try {
      return await withDeadline(refreshPatience, undefined, (patience) => withinSignal(lookup, patience));
    } catch (error) {
      // Also who has no more time is served: with the key, the rest takes milliseconds.
      if (options.signal?.aborted) return known;
      if (!isUnavailable(error) && !isOutOfTime(error)) throw error;
      cache.rememberUnavailable(name);
      return known;
    }
  }

  async function lookUpUnknown(name: string, options: ReadOptions): Promise<Known | undefined> {
    const done = cache.absent(name) === undefined ? options.lookupBudget?.take(name) : undefined;
    let found: Known | undefined;
    try {
      found = await lookUp(name, options);
      return found;
    } finally {
      done?.(found !== undefined);
    }
  }

  /** Asks the store, or waits with others who have. The last who stops waiting stops the lookup. */
  async function lookUp(name: string, { signal, lookupBudget }: ReadOptions): Promise<Known | undefined> {
    assertInTime(signal);
    const absent = cache.absent(name);
    if (absent?.error !== undefined) throw absent.error;
    if (absent !== undefined) return undefined;
    const lookups = lookupsIn(lookupBudget?.scope ?? ownScope);
    const lookup = lookups.get(name) ?? startLookup(name, lookups);
    lookup.waiting += 1;
    try {
      return await withinSignal(lookup.entry, signal);
    } finally {
      lookup.waiting -= 1;
      if (lookup.waiting === 0) {
        lookup.stop.abort();
        if (lookups.get(name) === lookup) lookups.delete(name);
      }
    }
  }

  function lookupsIn(scope: object): Map<string, Lookup<Known>> {
    const known = scopes.get(scope);
    if (known !== undefined) return known;
    const lookups = new Map<string, Lookup<Known>>();
    scopes.set(scope, lookups);
    return lookups;
  }

  function startLookup(name: string, lookups: Map<string, Lookup<Known>>): Lookup<Known> {
    const stop = new AbortController();
    const entry = withDeadline(lookupPatience, stop.signal, (signal) => withinSignal(readStore(name, signal), signal));
    const lookup = {
      entry: entry.catch((error: unknown) => {
        throw isOutOfTime(error) ? unavailable(name, `did not answer within ${lookupPatience} ms`) : error;
      }),
      stop,
      waiting: 0,
    };
    lookups.set(name, lookup);
    return lookup;
  }

  async function readStore(name: string, signal: AbortSignal): Promise<Known | undefined> {
    // What the store had when it was asked: an answer that is late must not undo a later one.
    const readAt = now();
    const text = await askStore(name, signal);
    if (text === undefined) {
      cache.rememberAbsent(name, { readAt });
      return cache.known(name);
    }
    const entry = await entryOf(name, text, readAt, cache.known(name)).catch((error: unknown) => {
      if (error instanceof FlowKeysError) cache.rememberAbsent(name, { readAt, error });
      throw error;
    });
    cache.remember(name, entry);
    return cache.known(name);
  }

  async function askStore(name: string, signal: AbortSignal): Promise<Text | undefined> {
    try {
      return await ask(name, signal);
    } catch (error) {
      if (error instanceof FlowKeysError) throw error;
      throw unavailable(name, 'failed', error);
    }
  }

  return { read, readNewer, tryReadNewer };
}

function isUnavailable(error: unknown): boolean {
  return error instanceof FlowKeysError && /^(key|consumer)_store_unavailable$/.test(error.code);
}

function isOutOfTime(error: unknown): boolean {
  return error instanceof FlowKeysError && error.code === 'deadline_exceeded';
}
