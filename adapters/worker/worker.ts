import type { ConsumerStore, KeyStore } from '../../src/index.ts';
import { type FlowSecurityKeysOptions, flowSecurityKeys } from '../http/index.ts';
import { logJson } from '../http/middleware/log.ts';
import type { RequestLogLine } from '../http/options.ts';
import { type Environment, settingsFrom } from '../http/settings.ts';
import {
  bindingsConsumerStore,
  bindingsKeyStore,
  type KeyValueNamespace,
  kvConsumerStore,
  kvKeyStore,
} from '../stores/bindings.ts';
import { firstConsumerStoreOf, firstKeyStoreOf } from '../stores/first-of.ts';
import { awsConsumerStore, awsKeyStore } from '../stores/from-environment.ts';

const app = flowSecurityKeys((bindings) => ({
  ...settingsFrom(bindings),
  keyStore: keyStoreOf(bindings),
  consumerStore: consumerStoreOf(bindings),
  log: logOf(bindings),
  ...rateLimitOf(bindings),
}));

/**
 * The Worker's own secrets, then its KV namespace, then AWS: as far as each is configured. The AWS client
 * is made when a key is looked up there, as making it takes longer than a decryption.
 */
function keyStoreOf(bindings: Environment): KeyStore {
  const stores = [bindingsKeyStore(bindings)];
  if (isNamespace(bindings['PRIVATE_KEYS'])) stores.push(kvKeyStore(bindings['PRIVATE_KEYS']));
  if (bindings['AWS_REGION']) {
    stores.push({ privateKeys: async (keyId, options) => awsKeyStore(bindings).privateKeys(keyId, options) });
  }
  return firstKeyStoreOf(...stores);
}

/** The Worker's own variables, then its KV namespace, then AWS: as far as each is configured. */
function consumerStoreOf(bindings: Environment): ConsumerStore {
  const stores = [bindingsConsumerStore(bindings)];
  if (isNamespace(bindings['CONSUMER_REGISTRY'])) stores.push(kvConsumerStore(bindings['CONSUMER_REGISTRY']));
  if (bindings['AWS_REGION']) stores.push(awsConsumerStore(bindings));
  return firstConsumerStoreOf(...stores);
}

function isNamespace(binding: unknown): binding is KeyValueNamespace {
  return typeof binding === 'object' && binding !== null && 'get' in binding;
}

/** https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/ */
interface RateLimit {
  limit(call: { readonly key: string }): Promise<{ readonly success: boolean }>;
}

/**
 * The calls of one caller are counted where a rate limit is bound as `RATE_LIMIT`. Such a binding counts calls, so the
 * batches may have one of their own, `BATCH_RATE_LIMIT`.
 */
function rateLimitOf({
  RATE_LIMIT: rateLimit,
  BATCH_RATE_LIMIT: batchRateLimit = rateLimit,
}: Environment): Pick<FlowSecurityKeysOptions, 'mayCall'> {
  if (!isRateLimit(rateLimit) && !isRateLimit(batchRateLimit)) return {};
  return {
    async mayCall({ caller, operation }) {
      const limit = operation === 'decryptBatch' ? batchRateLimit : rateLimit;
      return !isRateLimit(limit) || (await limit.limit({ key: caller })).success;
    },
  };
}

function isRateLimit(binding: unknown): binding is RateLimit {
  return typeof binding === 'object' && binding !== null && 'limit' in binding;
}

/** https://developers.cloudflare.com/analytics/analytics-engine/ */
interface AnalyticsEngineDataset {
  writeDataPoint(point: { indexes: readonly string[]; blobs: readonly string[]; doubles: readonly number[] }): void;
}

/** The log, and a data point a request where a dataset is bound as `ANALYTICS`. */
function logOf({ ANALYTICS: dataset }: Environment): NonNullable<FlowSecurityKeysOptions['log']> {
  if (!isDataset(dataset)) return logJson;
  return (line) => {
    logJson(line);
    dataset.writeDataPoint(dataPoint(line));
  };
}

function dataPoint({ route, code = 'ok', method, caller = '', status, milliseconds }: RequestLogLine) {
  return { indexes: [route], blobs: [method, route, code, caller], doubles: [status, milliseconds] };
}

function isDataset(binding: unknown): binding is AnalyticsEngineDataset {
  return typeof binding === 'object' && binding !== null && 'writeDataPoint' in binding;
}

/** The Worker's entry point. */
export default { fetch: app.fetch };
