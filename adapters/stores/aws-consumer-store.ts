import { SSMClient } from '@aws-sdk/client-ssm';
import type { ConsumerStore } from '../../src/index.ts';
import { awsClientConfiguration, type Environment, keyPrefix } from './aws-client.ts';
import { ssmConsumerStore } from './ssm-consumers.ts';

/**
 * The consumers on AWS that the settings name. A client is made when the first is asked for, as that takes time.
 * `KEY_PREFIX` counts where the keys are in Parameter Store, too: in Secrets Manager it is no path.
 *
 * @throws FlowKeysError `consumer_store_unavailable` from `consumer`, for a setting that is missing, too
 */
export function awsConsumerStore(environment: Environment): ConsumerStore {
  const { KEY_STORE: keyStore = 'ssm' } = environment;
  let store: ConsumerStore | undefined;
  return {
    async consumer(name, options) {
      store ??= ssmConsumerStore({
        client: new SSMClient(awsClientConfiguration(environment, 'SSM', 'consumer_store_unavailable')),
        ...(keyStore === 'ssm' && keyPrefix(environment)),
      });
      return store.consumer(name, options);
    },
  };
}
