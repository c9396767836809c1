import { createDecryptor, createKeyCache, type Decryptor, type DecryptorOptions } from '../../src/index.ts';

// In a Worker a request must not await what another one started, so each has lookups, hence a decryptor, of
// its own; they share the cache. Elsewhere all share one decryptor, and with it the lookups.
const isWorker = globalThis.navigator?.userAgent === 'Cloudflare-Workers';

/** Gives each request its decryptor. */
export function requestDecryptors(options: DecryptorOptions): () => Decryptor {
  const shared = { keyCache: createKeyCache(), ...options };
  if (isWorker) return () => createDecryptor(shared);
  const decryptor = createDecryptor(shared);
  return () => decryptor;
}
