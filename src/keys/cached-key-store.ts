import { assertInTime, withinSignal } from '../deadline.ts';
import { FlowKeysError } from '../errors.ts';
import type { CachedKeys, ImportedPem, KeyCache } from './key-cache.ts';
import type { KeyStore } from './key-store.ts';
import { importPrivateKeys } from './private-key.ts';

/** Private keys by key id, imported once. */
export interface CachedKeyStore {
  /** The keys of an id; `undefined` when the store does not know it. */
  read(keyId: string, signal: AbortSignal | undefined): Promise<CachedKeys | undefined>;
  /** Newer keys of an id than those that did not unwrap a message, if the store may have some. */
  readNewer(keyId: string, than: CachedKeys, signal: AbortSignal | undefined): Promise<CachedKeys | undefined>;
}

/** A cache over a key store. Lookups in flight are shared by the calls of this object only. */
export function cachedKeyStore(keyStore: KeyStore, cache: KeyCache): CachedKeyStore {
  const { timeToLive, staleWhileUnavailable, minimumRefreshAge, refreshPatience, lookupPatience, now } = cache.options;
  const lookups = new Map<string, Promise<CachedKeys | undefined>>();

  async function read(keyId: string, signal: AbortSignal | undefined): Promise<CachedKeys | undefined> {
    const cached = cache.keys(keyId);
    if (cached === undefined) return lookUp(keyId, signal);
    const age = now() - cached.readAt;
    if (age < timeToLive) return cached;
    if (age >= timeToLive + staleWhileUnavailable) return lookUp(keyId, signal);
    // One call reads it anew, a Worker's other requests included; those at the same time take what is there.
    return cache.claimRefresh(keyId) ? readAgain(keyId, cached, signal) : cached;
  }

  async function readNewer(
    keyId: string,
    than: CachedKeys,
    signal: AbortSignal | undefined,
  ): Promise<CachedKeys | undefined> {
    const cached = cache.keys(keyId);
    if (cached !== undefined && cached.readAt > than.readAt) return cached;
    if (now() - than.readAt < minimumRefreshAge) return undefined;
    const read = await readAgain(keyId, than, signal);
    return read === than ? undefined : read;
  }

  /** Reads a key that is there already: when the store is down or slow, the one that is there is served. */
  async function readAgain(
    keyId: string,
    cached: CachedKeys,
    signal: AbortSignal | undefined,
  ): Promise<CachedKeys | undefined> {
    if (cache.isUnavailable(keyId)) return cached;
    const patience = AbortSignal.timeout(refreshPatience);
    try {
      return await lookUp(keyId, signal === undefined ? patience : AbortSignal.any([signal, patience]));
    } catch (error) {
      assertInTime(signal);
      if (!patience.aborted && !isUnavailable(error)) throw error;
      cache.rememberUnavailable(keyId);
      return cached;
    }
  }

  /** Asks the store, or waits with others who have. Who stops waiting does not stop the lookup. */
  async function lookUp(keyId: string, signal: AbortSignal | undefined): Promise<CachedKeys | undefined> {
    assertInTime(signal);
    const absent = cache.absent(keyId);
    if (absent?.error !== undefined) throw absent.error;
    if (absent !== undefined) return undefined;
    const lookup = lookups.get(keyId) ?? startLookup(keyId);
    return withinSignal(lookup, signal);
  }

  function startLookup(keyId: string): Promise<CachedKeys | undefined> {
    const patience = AbortSignal.timeout(lookupPatience);
    const lookup = withinSignal(readStore(keyId, patience), patience)
      .catch((error: unknown) => {
        throw patience.aborted ? unavailable(keyId, `did not answer within ${lookupPatience} ms`) : error;
      })
      .finally(() => lookups.delete(keyId));
    lookups.set(keyId, lookup);
    return lookup;
  }

  async function readStore(keyId: string, signal: AbortSignal): Promise<CachedKeys | undefined> {
    const texts = await askStore(keyId, signal);
    if (texts.length === 0) {
      cache.rememberAbsent(keyId);
      return undefined;
    }
    const readAt = now();
    const before = cache.keys(keyId)?.pems ?? [];
    const current = await importAll(texts, keyId, before, readAt).catch((error: unknown) => {
      if (error instanceof FlowKeysError) cache.rememberAbsent(keyId, error);
      throw error;
    });
    const fingerprints = new Set(current.map(({ fingerprint }) => fingerprint));
    // A key that was replaced still opens the messages on their way, for as long as it would have without the reading.
    const replaced = before.filter(
      ({ fingerprint, seenAt }) => !fingerprints.has(fingerprint) && readAt - seenAt < timeToLive,
    );
    const read = { pems: [...current, ...replaced], readAt };
    cache.remember(keyId, read);
    return read;
  }

  async function askStore(keyId: string, signal: AbortSignal): Promise<readonly string[]> {
    try {
      return await keyStore.privateKeys(keyId, { signal });
    } catch (error) {
      if (error instanceof FlowKeysError) throw error;
      throw unavailable(keyId, 'failed', error);
    }
  }

  return { read, readNewer };
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

/** Every usable key; one that is not usable only matters when there is no other. */
async function importAll(
  texts: readonly string[],
  keyId: string,
  before: readonly ImportedPem[],
  seenAt: number,
): Promise<readonly ImportedPem[]> {
  const imports = await Promise.allSettled(texts.map((pem) => importPem(pem, keyId, before, seenAt)));
  const imported = imports.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const failure = imports.find((outcome) => outcome.status === 'rejected');
  if (imported.length === 0 && failure !== undefined) throw failure.reason;
  return imported;
}

async function importPem(
  pem: string,
  keyId: string,
  before: readonly ImportedPem[],
  seenAt: number,
): Promise<ImportedPem> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(pem));
  const fingerprint = String.fromCharCode(...new Uint8Array(digest));
  const known = before.find((imported) => imported.fingerprint === fingerprint);
  const privateKeys = known?.privateKeys ?? (await importPrivateKeys(pem, keyId));
  return { fingerprint, privateKeys, seenAt };
}
