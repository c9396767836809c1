import { assertInTime, withDeadline, withinSignal } from '../deadline.ts';
import { FlowKeysError } from '../errors.ts';
import type { Cache, Entry } from './cache.ts';
import type { LookupBudget } from './lookup-budget.ts';

/** Options of one read. */
export interface ReadOptions {
  readonly signal?: AbortSignal;
  /** Each name that is not cached is taken from this budget. */
  readonly lookupBudget?: LookupBudget;
}

/** Reads a store through a cache. */
export interface CachedReads<Known extends Entry> {
  /** Returns the entry of a name, or `undefined` when the store does not know it. */
  read(name: string, options: ReadOptions): Promise<Known | undefined>;
  /** Returns a newer entry than one that failed; `undefined` when that one is too young to be read again. */
  readNewer(name: string, than: Known, options: ReadOptions): Promise<Known | undefined>;
  /**
   * Like `readNewer`, for a call that can fail without it: it waits only as long as a refresh does, and treats an
   * unavailable store as one that has nothing newer. Each request of a Worker reads for itself, so that none is
   * refused what was just allowed.
   */
  tryReadNewer(name: string, than: Known, options: ReadOptions): Promise<Known | undefined>;
}

export interface CachedReadsOptions<Text, Known extends Entry> {
  readonly cache: Cache<Known>;
  /** Asks the store; `undefined` when it does not know the name. */
  ask(name: string, signal: AbortSignal): Promise<Text | undefined>;
  /**
   * Creates an entry from the stored text.
   *
   * @param before the entry until now
   * @throws FlowKeysError when the text is unusable
   */
  entryOf(name: string, text: Text, readAt: number, before: Known | undefined): Promise<Known>;
  /** Creates the error for an unavailable store. `what` completes "The store …": "failed". */
  unavailable(name: string, what: string, cause?: unknown): FlowKeysError;
}

// How long after its expiry an entry still counts as in regular use.
const idleTime = 60_000;

/** A lookup in flight, shared by its waiters and aborted when the last one leaves. */
interface Lookup<Known> {
  readonly entry: Promise<Known | undefined>;
  readonly stop: AbortController;
  waiting: number;
}

/** Creates reads of a store through a cache. */
export function cachedReads<Text, Known extends Entry>({
  cache,
  ask,
  entryOf,
  unavailable,
}: CachedReadsOptions<Text, Known>): CachedReads<Known> {
  const { timeToLive, staleWhileUnavailable, minimumRefreshAge, refreshPatience, lookupPatience, now } = cache.options;
  const scopes = new WeakMap<object, Map<string, Lookup<Known>>>();
  // The scope of calls that name none.
  const ownScope = {};

  async function read(name: string, options: ReadOptions): Promise<Known | undefined> {
    const known = cache.known(name);
    if (known === undefined) return lookUpUnknown(name, options);
    const time = now();
    if (time >= known.readAt + timeToLive + staleWhileUnavailable) return lookUp(name, options);
    const refreshAt = Math.max(known.readAt + timeToLive, cache.unavailableUntil(name));
    if (time < refreshAt) return known;
    // Expired, and the store was found to have something unusable in its place.
    const unusable = cache.absent(name)?.error;
    if (unusable !== undefined) throw unusable;
    // One call refreshes it, across a Worker's requests; concurrent calls use the expired entry, unless the name was
    // not used for long.
    if (time < refreshAt + idleTime && !cache.claimRefresh(name)) return known;
    return refresh(name, known, options);
  }

  async function readNewer(name: string, than: Known, options: ReadOptions): Promise<Known | undefined> {
    const known = cache.known(name);
    if (known !== undefined && known.readAt > than.readAt) return known;
    const time = now();
    if (time - than.readAt < minimumRefreshAge) return undefined;
    if (time < cache.unavailableUntil(name)) throw unavailable(name, 'failed a moment ago');
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

  /** Asks the store; returns the entry that the call already has when the store is down or slow. */
  async function refresh(name: string, known: Known | undefined, options: ReadOptions): Promise<Known | undefined> {
    // The lookup continues after this call stops waiting, so that a slow store's response serves the next call.
    const lookup = lookUp(name, options);
    try {
      return await withDeadline(refreshPatience, undefined, (patience) => withinSignal(lookup, patience));
    } catch (error) {
      // A call at its deadline is served, too: with the key at hand, the rest takes milliseconds.
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

  /** Asks the store, or joins a lookup in flight. */
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
    // When the store was asked, not when it responded: a late response must not undo a newer one.
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
