import { type CachedReads, cachedReads } from '../cache/cached-reads.ts';
import { FlowKeysError } from '../errors.ts';
import type { CachedKeys, ImportedPem, KeyCache } from './key-cache.ts';
import type { KeyStore } from './key-store.ts';
import { importPrivateKeys } from './private-key.ts';

/** Private keys by key id, imported once. */
export type CachedKeyStore = CachedReads<CachedKeys>;

/** A cache over a key store. */
export function cachedKeyStore(keyStore: KeyStore, cache: KeyCache): CachedKeyStore {
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

/** Keys that the store has no more still open the messages on their way, for a time to live. */
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
