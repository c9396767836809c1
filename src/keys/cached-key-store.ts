import { assertInTime, withDeadline, withinSignal } from '../deadline.ts';
import { FlowKeysError } from '../errors.ts';
import type { CachedKeys, ImportedPem, KeyCache } from './key-cache.ts';
import type { KeyStore } from './key-store.ts';
import { importPrivateKeys } from './private-key.ts';

/** Private keys by key id, imported once. */
export interface CachedKeyStore {
  /** Whether reading the keys of an id will ask the store, as nothing is known of it. */
  mustAsk(keyId: string): boolean;
  /** The keys of an id; `undefined` when the store does not know it. */
  read(keyId: string, signal: AbortSignal | undefined): Promise<CachedKeys | undefined>;
  /** Newer keys of an id than those that did not unwrap a message, if the store may have some. */
  readNewer(keyId: string, than: CachedKeys, signal: AbortSignal | undefined): Promise<CachedKeys | undefined>;
}

// How long past its time a key counts as in use all the time.
const idleTime = 60_000;

/** A lookup under way, for all who wait for it; without any, it is stopped. */
interface Lookup {
  readonly keys: Promise<CachedKeys | undefined>;
  readonly stop: AbortController;
  waiting: number;
}

/** A cache over a key store. Lookups in flight are shared by the calls of this object only. */
export function cachedKeyStore(keyStore: KeyStore, cache: KeyCache): CachedKeyStore {
  const { timeToLive, staleWhileUnavailable, minimumRefreshAge, refreshPatience, lookupPatience, now } = cache.options;
  const lookups = new Map<string, Lookup>();

  async function read(keyId: string, signal: AbortSignal | undefined): Promise<CachedKeys | undefined> {
    const cached = cache.keys(keyId);
    if (cached === undefined) return lookUp(keyId, signal);
    const time = now();
    if (time >= cached.readAt + timeToLive + staleWhileUnavailable) return lookUp(keyId, signal);
    const refreshAt = Math.max(cached.readAt + timeToLive, cache.unavailableUntil(keyId));
    if (time < refreshAt) return cached;
    // One call reads it anew, a Worker's other requests included; those at the same moment take what is there,
    // unless the key has not been looked at for long.
    if (time < refreshAt + idleTime && !cache.claimRefresh(keyId)) return cached;
    return refresh(keyId, cached, signal);
  }

  async function readNewer(
    keyId: string,
    than: CachedKeys,
    signal: AbortSignal | undefined,
  ): Promise<CachedKeys | undefined> {
    const cached = cache.keys(keyId);
    if (cached !== undefined && cached.readAt > than.readAt) return cached;
    const time = now();
    if (time - than.readAt < minimumRefreshAge) return undefined;
    if (time < cache.unavailableUntil(keyId)) throw unavailable(keyId, 'failed a short while ago');
    try {
      return await lookUp(keyId, signal);
    } catch (error) {
      if (isUnavailable(error)) cache.rememberUnavailable(keyId);
      throw error;
    }
  }

  /** Reads a key that is there already: when the store is down or slow, the one that is there is served. */
  async function refresh(
    keyId: string,
    cached: CachedKeys,
    signal: AbortSignal | undefined,
  ): Promise<CachedKeys | undefined> {
    // It goes on when patience ends, so that the answer of a slow store is there for the next call.
    const lookup = lookUp(keyId, signal);
    try {
      return await withDeadline(refreshPatience, undefined, (patience) => withinSignal(lookup, patience));
    } catch (error) {
      // Also who has no more time is served: with the key, decrypting takes milliseconds.
      if (signal?.aborted) return cached;
      if (!isUnavailable(error) && !isOutOfTime(error)) throw error;
      cache.rememberUnavailable(keyId);
      return cached;
    }
  }

  /** Asks the store, or waits with others who have. The last who stops waiting stops the lookup. */
  async function lookUp(keyId: string, signal: AbortSignal | undefined): Promise<CachedKeys | undefined> {
    assertInTime(signal);
    const absent = cache.absent(keyId);
    if (absent?.error !== undefined) throw absent.error;
    if (absent !== undefined) return undefined;
    const lookup = lookups.get(keyId) ?? startLookup(keyId);
    lookup.waiting += 1;
    try {
      return await withinSignal(lookup.keys, signal);
    } finally {
      lookup.waiting -= 1;
      if (lookup.waiting === 0) {
        lookup.stop.abort();
        if (lookups.get(keyId) === lookup) lookups.delete(keyId);
      }
    }
  }

  function startLookup(keyId: string): Lookup {
    const stop = new AbortController();
    const keys = withDeadline(lookupPatience, stop.signal, (signal) => withinSignal(readStore(keyId, signal), signal));
    const lookup = {
      keys: keys.catch((error: unknown) => {
        throw isOutOfTime(error) ? unavailable(keyId, `did not answer within ${lookupPatience} ms`) : error;
      }),
      stop,
      waiting: 0,
    };
    lookups.set(keyId, lookup);
    return lookup;
  }

  async function readStore(keyId: string, signal: AbortSignal): Promise<CachedKeys | undefined> {
    // What the store had when it was asked: an answer that is late must not undo a later one.
    const readAt = now();
    const texts = await askStore(keyId, signal);
    if (texts.length === 0) {
      cache.rememberAbsent(keyId, { readAt });
      return cache.keys(keyId);
    }
    const before = cache.keys(keyId)?.pems ?? [];
    const current = await importAll(texts, keyId, before).catch((error: unknown) => {
      if (error instanceof FlowKeysError) cache.rememberAbsent(keyId, { readAt, error });
      throw error;
    });
    cache.remember(keyId, { pems: [...current, ...replaced(before, current, readAt)], readAt });
    return cache.keys(keyId);
  }

  /** Keys that the store has no more still open the messages on their way, for a time to live. */
  function replaced(
    before: readonly ImportedPem[],
    current: readonly ImportedPem[],
    readAt: number,
  ): readonly ImportedPem[] {
    const fingerprints = new Set(current.map(({ fingerprint }) => fingerprint));
    return before
      .filter(({ fingerprint }) => !fingerprints.has(fingerprint))
      .map((pem) => ({ ...pem, replacedAt: pem.replacedAt ?? readAt }))
      .filter(({ replacedAt }) => readAt - replacedAt < timeToLive);
  }

  async function askStore(keyId: string, signal: AbortSignal): Promise<readonly string[]> {
    try {
      return await keyStore.privateKeys(keyId, { signal });
    } catch (error) {
      if (error instanceof FlowKeysError) throw error;
      throw unavailable(keyId, 'failed', error);
    }
  }

  return {
    mustAsk: (keyId) => cache.keys(keyId) === undefined && cache.absent(keyId) === undefined,
    read,
    readNewer,
  };
}

function unavailable(keyId: string, what: string, cause?: unknown): FlowKeysError {
  return new FlowKeysError(
    'key_store_unavailable',
    `The key store ${what} when it was asked for key id ${keyId}. Try again; its own logs and metrics say why.`,
    { keyId, ...(cause !== undefined && { cause }) },
  );
}

function isUnavailable(error: unknown): boolean {
  return error instanceof FlowKeysError && error.code === 'key_store_unavailable';
}

function isOutOfTime(error: unknown): boolean {
  return error instanceof FlowKeysError && error.code === 'deadline_exceeded';
}

/** Every usable key; one that is not usable only matters when there is no other. */
async function importAll(
  texts: readonly string[],
  keyId: string,
  before: readonly ImportedPem[],
): Promise<readonly ImportedPem[]> {
  const imports = await Promise.allSettled(texts.map((pem) => importPem(pem, keyId, before)));
  const imported = imports.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const failure = imports.find((outcome) => outcome.status === 'rejected');
  if (imported.length === 0 && failure !== undefined) throw failure.reason;
  return imported;
}

async function importPem(pem: string, keyId: string, before: readonly ImportedPem[]): Promise<ImportedPem> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(pem));
  const fingerprint = String.fromCharCode(...new Uint8Array(digest));
  const known = before.find((imported) => imported.fingerprint === fingerprint);
  return { fingerprint, privateKeys: known?.privateKeys ?? (await importPrivateKeys(pem, keyId)) };
}
