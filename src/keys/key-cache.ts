import { type Cache, type CacheTimes, createCache, type Entry } from '../cache/cache.ts';
import { type CachedReads, cachedReads } from '../cache/cached-reads.ts';
import { fulfilledOf } from '../concurrency.ts';
import { FlowKeysError } from '../errors.ts';
import type { KeyStore } from './key-store.ts';
import { importPrivateKeys } from './private-key.ts';

/** Options of {@link createKeyCache}. */
export interface KeyCacheOptions extends CacheTimes {
  /** How many key ids are cached. The least recently used are evicted first. Default: 100. */
  readonly maxKeyIds?: number;
  /** How many unknown or unusable key ids are cached. Default: 20,000, enough for 1,000 new ones a second. */
  readonly maxAbsentKeyIds?: number;
}

/**
 * The imported private keys of one PEM text.
 *
 * @internal
 */
export interface ImportedPem {
  /** SHA-256 of the text, to recognize it in the store without keeping it. */
  readonly fingerprint: string;
  readonly privateKeys: readonly CryptoKey[];
  /** When the store was first seen without it. */
  readonly replacedAt?: number;
}

/**
 * What the cache knows about one key id.
 *
 * @internal
 */
export interface CachedKeys extends Entry {
  /** The stored texts, newest first, then those that were replaced within the time to live. */
  readonly pems: readonly ImportedPem[];
}

/** A cache of imported private keys, by key id. See {@link createKeyCache}. */
export interface KeyCache {
  readonly holds: 'private keys';
  /** @internal */
  readonly cache: Cache<CachedKeys>;
}

/**
 * Creates a cache of imported private keys, to be shared by the decryptors of one process or isolate.
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
  const cache = createCache<CachedKeys>({ ...times, maxNames: maxKeyIds, maxAbsentNames: maxAbsentKeyIds });
  return { holds: 'private keys', cache };
}

/**
 * Reads a key store through a cache.
 *
 * @internal
 */
export function cachedKeyStore(keyStore: KeyStore, { cache }: KeyCache): CachedReads<CachedKeys> {
  const { timeToLive } = cache.options;
  return cachedReads({
    cache,
    async ask(keyId, signal) {
      const texts = await keyStore.privateKeys(keyId, { signal });
      return texts.length === 0 ? undefined : texts;
    },
    async entryOf(keyId, texts, readAt, known) {
      const before = known?.pems ?? [];
      // An unusable text is an error only when no other is usable.
      const current = await fulfilledOf(texts.map((pem) => importPem(pem, keyId, before)));
      return { pems: [...current, ...replaced(before, current, readAt, timeToLive)], readAt };
    },
    unavailable: (keyId, what, cause) =>
      new FlowKeysError(
        'key_store_unavailable',
        `The key store ${what} while reading key id ${keyId}. Try again, and check the store's logs and metrics.`,
        { keyId, ...(cause !== undefined && { cause }) },
      ),
  });
}

/** Replaced keys stay for one time to live, for messages that were encrypted before. */
function replaced(
  before: readonly ImportedPem[],
  current: readonly ImportedPem[],
  readAt: number,
  timeToLive: number,
): readonly ImportedPem[] {
  const fingerprints = new Set(current.map(({ fingerprint }) => fingerprint));
  return before
    .filter(({ fingerprint }) => !fingerprints.has(fingerprint))
    .map((pem) => ({ ...pem, replacedAt: pem.replacedAt ?? readAt }))
    .filter(({ replacedAt }) => readAt - replacedAt < timeToLive);
}

async function importPem(pem: string, keyId: string, before: readonly ImportedPem[]): Promise<ImportedPem> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(pem));
  const fingerprint = String.fromCharCode(...new Uint8Array(digest));
  const known = before.find((imported) => imported.fingerprint === fingerprint);
  return { fingerprint, privateKeys: known?.privateKeys ?? (await importStored(pem, keyId)) };
}

/** @throws FlowKeysError `invalid_private_key`, with the key id */
async function importStored(pem: string, keyId: string): Promise<readonly CryptoKey[]> {
  try {
    return await importPrivateKeys(pem, `The stored private key of key id ${keyId}`);
  } catch (error) {
    if (!(error instanceof FlowKeysError)) throw error;
    throw new FlowKeysError(error.code, error.message, { keyId });
  }
}
