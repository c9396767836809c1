import { createDecryptor, createKeyCache, type Decryptor, type DecryptorOptions } from '../../src/index.ts';

// In a Worker a request must not await what another one started, so each has lookups, hence services, of
// its own; they share the caches. Elsewhere all share one, and with it the lookups.
export const isWorker = globalThis.navigator?.userAgent === 'Cloudflare-Workers';

/** Gives each request its service. */
export function ofEachRequest<Service>(make: () => Service): () => Service {
  if (isWorker) return make;
  const service = make();
  return () => service;
}

/** Gives each request its decryptor. */
export function requestDecryptors(options: DecryptorOptions): () => Decryptor {
  const shared = { keyCache: createKeyCache(), ...options };
  return ofEachRequest(() => createDecryptor(shared));
}
