import type { SSMClient } from '@aws-sdk/client-ssm';
import type { ConsumerStore } from '../../src/index.ts';
import { getParameter } from './ssm.ts';

export interface SsmConsumerStoreOptions {
  readonly client: Pick<SSMClient, 'send'>;
  /** What stands before `consumers` in a parameter's name. Default: `/amazon-connect/encryption`. */
  readonly prefix?: string;
}

/**
 * Consumers in AWS Systems Manager Parameter Store, as parameters named
 * `/amazon-connect/encryption/consumers/{name}`, String or SecureString: what they hold is public. Needs
 * `ssm:GetParameter` on that path. One reading is one request.
 *
 * @throws FlowKeysError `consumer_store_unavailable` from `consumer` when SSM is down, slow or denies access
 * @example
 * const consumerStore = ssmConsumerStore({ client: new SSMClient({ region: 'eu-central-1' }) });
 */
export function ssmConsumerStore({
  client,
  prefix = '/amazon-connect/encryption',
}: SsmConsumerStoreOptions): ConsumerStore {
  return {
    async consumer(name, { signal }) {
      const parameter = await getParameter(client, `${prefix}/consumers/${name}`, undefined, signal);
      return parameter && (parameter.Value ?? '');
    },
  };
}
