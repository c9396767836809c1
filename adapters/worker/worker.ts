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
  mayCall: mayCallOf(bindings),
}));

/**
 * The Worker's secrets, then its KV namespace, then AWS, if they are configured. The AWS client is created for a lookup
 * there, as creating it takes longer than a decryption.
 */
function keyStoreOf(bindings: Environment): KeyStore {
  const stores = [bindingsKeyStore(bindings)];
  const namespace = bindings['PRIVATE_KEYS'];
  if (hasMethod<KeyValueNamespace>(namespace, 'get')) stores.push(kvKeyStore(namespace));
  if (bindings['AWS_REGION']) {
    stores.push({ privateKeys: async (keyId, options) => awsKeyStore(bindings).privateKeys(keyId, options) });
  }
  return firstKeyStoreOf(...stores);
}

/** The Worker's variables, then its KV namespace, then AWS, if they are configured. */
function consumerStoreOf(bindings: Environment): ConsumerStore {
  const stores = [bindingsConsumerStore(bindings)];
  const namespace = bindings['CONSUMER_REGISTRY'];
  if (hasMethod<KeyValueNamespace>(namespace, 'get')) stores.push(kvConsumerStore(namespace));
  if (bindings['AWS_REGION']) stores.push(awsConsumerStore(bindings));
  return firstConsumerStoreOf(...stores);
}

/** Whether a binding is of the kind that has this method. */
function hasMethod<Binding>(binding: unknown, method: keyof Binding): binding is Binding {
  return typeof binding === 'object' && binding !== null && method in binding;
}

/** https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/ */
interface RateLimit {
  limit(call: { readonly key: string }): Promise<{ readonly success: boolean }>;
}

/**
 * Limits the calls of each caller if a rate limit is bound as `RATE_LIMIT`. The binding counts a batch as one call, so
 * batches may have another limit, `BATCH_RATE_LIMIT`.
 */
function mayCallOf({
  RATE_LIMIT: rateLimit,
  BATCH_RATE_LIMIT: batchRateLimit = rateLimit,
}: Environment): NonNullable<FlowSecurityKeysOptions['mayCall']> {
  return async ({ caller, operation }) => {
    const limit = operation === 'decryptBatch' ? batchRateLimit : rateLimit;
    return !hasMethod<RateLimit>(limit, 'limit') || (await limit.limit({ key: caller })).success;
  };
}

/** https://developers.cloudflare.com/analytics/analytics-engine/ */
interface AnalyticsEngineDataset {
  writeDataPoint(point: { indexes: readonly string[]; blobs: readonly string[]; doubles: readonly number[] }): void;
}

/** Writes the log, and a data point for each request if a dataset is bound as `ANALYTICS`. */
function logOf({ ANALYTICS: dataset }: Environment): NonNullable<FlowSecurityKeysOptions['log']> {
  if (!hasMethod<AnalyticsEngineDataset>(dataset, 'writeDataPoint')) return logJson;
  return (line) => {
    logJson(line);
    dataset.writeDataPoint(dataPoint(line));
  };
}

function dataPoint({ route, code = 'ok', method, caller = '', status, milliseconds }: RequestLogLine) {
  return { indexes: [route], blobs: [method, route, code, caller], doubles: [status, milliseconds] };
}

/** The Worker's entry point. */
export default { fetch: app.fetch };
