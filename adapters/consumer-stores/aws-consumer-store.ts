import { SSMClient } from '@aws-sdk/client-ssm';
import type { ConsumerStore } from '../../src/index.ts';
import { awsClientConfiguration, type Environment, keyPrefix } from '../key-stores/aws-client.ts';
import { ssmConsumerStore } from './ssm.ts';

/** The consumers on AWS that the settings name. A client is made when the first is asked for, as that takes time. */
export function awsConsumerStore(environment: Environment): ConsumerStore {
  let store: ConsumerStore | undefined;
  return {
    async consumer(name, options) {
      store ??= ssmConsumerStore({
        client: new SSMClient(awsClientConfiguration(environment, 'SSM')),
        ...keyPrefix(environment),
      });
      return store.consumer(name, options);
    },
  };
}
