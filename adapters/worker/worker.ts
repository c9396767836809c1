import { createDecryptor, createKeyCache } from '../../src/index.ts';
import { bindingsKeyStore } from '../key-stores/bindings.ts';
import { type AppEnv, type AppSettings, createApp } from './app.ts';
import { RequestError } from './problem.ts';

// Imported keys outlive a request; lookups do not, as each request has a decryptor of its own: a Worker
// must not await in one request what another one started.
const keyCache = createKeyCache();

const app = createApp((bindings) => settings(bindings));

function settings(bindings: AppEnv['Bindings']): AppSettings {
  return {
    decryptor: createDecryptor({ keyStore: bindingsKeyStore(bindings), keyCache }),
    authorization: {
      bearerTokenHashes: bearerTokenHashes(bindings['BEARER_TOKEN_HASHES']),
      isDevelopment: bindings['DEVELOPMENT'] === 'true',
    },
  };
}

function bearerTokenHashes(setting: unknown): readonly string[] {
  if (typeof setting !== 'string') return [];
  const hashes = setting.split(/[\s,]+/).filter((hash) => hash !== '');
  if (hashes.every((hash) => /^[0-9a-f]{64}$/.test(hash))) return hashes;
  throw new RequestError(
    'not_configured',
    'BEARER_TOKEN_HASHES must hold SHA-256 hashes of 64 lower-case hexadecimal digits, separated by spaces or commas.',
  );
}

/** The Worker's entry point. */
export default { fetch: app.fetch };
