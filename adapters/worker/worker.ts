import { createDecryptor, createKeyCache, type KeyStore } from '../../src/index.ts';
import { awsKeyStore } from '../key-stores/aws-key-store.ts';
import { bindingsKeyStore, type KeyValueNamespace, kvKeyStore } from '../key-stores/bindings.ts';
import { firstOf } from '../key-stores/first-of.ts';
import { type AppEnv, type AppSettings, createApp } from './app.ts';
import { RequestError } from './problem.ts';

// Imported keys outlive a request; lookups do not, as each request has a decryptor of its own: a Worker
// must not await in one request what another one started.
const keyCache = createKeyCache();

const app = createApp((bindings) => settings(bindings));

function settings(bindings: AppEnv['Bindings']): AppSettings {
  return {
    decryptor: createDecryptor({
      keyStore: { privateKeys: (keyId, options) => keyStoreOf(bindings).privateKeys(keyId, options) },
      keyCache,
    }),
    authorization: {
      bearerTokenHashes: bearerTokenHashes(bindings['BEARER_TOKEN_HASHES']),
      isDevelopment: bindings['DEVELOPMENT'] === 'true',
    },
  };
}

/**
 * The Worker's own secrets, then its KV namespace, then AWS: as far as each is configured. Made when a key
 * is looked up, as an AWS client takes longer than a decryption.
 */
function keyStoreOf(bindings: AppEnv['Bindings']): KeyStore {
  const stores = [bindingsKeyStore(bindings)];
  if (isNamespace(bindings['PRIVATE_KEYS'])) stores.push(kvKeyStore(bindings['PRIVATE_KEYS']));
  if (bindings['AWS_REGION']) stores.push(awsKeyStore(bindings));
  return firstOf(...stores);
}

function isNamespace(binding: unknown): binding is KeyValueNamespace {
  return typeof binding === 'object' && binding !== null && 'get' in binding;
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
