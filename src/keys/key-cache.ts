import { type Cache, type CacheTimes, createCache, type Entry } from '../cache/cache.ts';
import { type CachedReads, cachedReads } from '../cache/cached-reads.ts';
import { FlowKeysError } from '../errors.ts';
import type { KeyStore } from './key-store.ts';
import { importPrivateKeys } from './private-key.ts';

/** Options of {@link createKeyCache}. */
export interface KeyCacheOptions extends CacheTimes {
  /** How many key ids are kept; the least recently used leave first. Default: 100. */
  readonly maxKeyIds?: number;
  /** How many ids without a usable key are remembered. Default: 20,000, so that 1,000 new ones a second fit. */
  readonly maxAbsentKeyIds?: number;
}

/**
 * The imported private keys of one PEM text.
 *
 * @internal
 */
export interface ImportedPem {
  /** SHA-256 of the text: it tells whether the store still has it, and the text need not be kept. */
  readonly fingerprint: string;
  readonly privateKeys: readonly CryptoKey[];
  /** When the store was first found to have others in its place. */
  readonly replacedAt?: number;
}

/**
 * What is known of one key id.
 *
 * @internal
 */
export interface CachedKeys extends Entry {
  /** What the store has, newest first, then what was replaced within the time to live. */
  readonly pems: readonly ImportedPem[];
}

/** Imported private keys, by key id. */
export interface KeyCache {
  readonly holds: 'private keys';
  /** @internal */
  readonly cache: Cache<CachedKeys>;
}

/**
 * Makes a cache of imported private keys, to be shared by the decryptors of one process or isolate.
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
      const current = await importAll(texts, keyId, before);
      return { pems: [...current, ...replaced(before, current, readAt, timeToLive)], readAt };
    },
    unavailable: (keyId, what, cause) =>
      new FlowKeysError(
        'key_store_unavailable',
        `The key store ${what} when it was asked for key id ${keyId}. Try again; its own logs and metrics say why.`,
        { keyId, ...(cause !== undefined && { cause }) },
      ),
  });
}

/** Replaced keys stay for one time to live, for messages that are still on their way. */
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

/** Imports every usable key. An unusable one is an error only when there is no other. */
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
  return { fingerprint, privateKeys: known?.privateKeys ?? (await importStored(pem, keyId)) };
}

/** @throws FlowKeysError `invalid_private_key`, with the key id */
async function importStored(pem: string, keyId: string): Promise<readonly CryptoKey[]> {
  try {
    return await importPrivateKeys(pem, `What is stored as the private key of key id ${keyId}`);
  } catch (error) {
    if (!(error instanceof FlowKeysError)) throw error;
    throw new FlowKeysError(error.code, error.message, { keyId });
  }
}
