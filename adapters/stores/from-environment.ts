import { SSMClient } from '@aws-sdk/client-ssm';
import { type ConsumerStore, FlowKeysError, type KeyStore } from '../../src/index.ts';
import { type AwsTransport, awsClientConfiguration, type Environment, keyPrefix } from './aws-client.ts';
import { ssmConsumerStore, ssmKeyStore } from './ssm.ts';

/**
 * Creates the key store on AWS. `KEY_STORE` is `ssm` (the default) or `secrets-manager`. `KEY_PREFIX` is the part before the
 * key id in the name of a parameter or a secret.
 *
 * @throws FlowKeysError `not_configured` for a missing or invalid setting
 */
export function awsKeyStore(environment: Environment, transport?: AwsTransport): KeyStore {
  const { KEY_STORE: kind = 'ssm' } = environment;
  const options = keyPrefix(environment);
  if (kind === 'ssm') {
    return ssmKeyStore({ client: new SSMClient(awsClientConfiguration(environment, 'SSM', transport)), ...options });
  }
  if (kind === 'secrets-manager') {
    const configuration = awsClientConfiguration(environment, 'SECRETS_MANAGER', transport);
    // Loaded on the first lookup, as loading a client takes most of a cold start.
    let loaded: KeyStore | undefined;
    return {
      async privateKeys(keyId, request) {
        loaded ??= await loadSecretsManager(configuration, options);
        return loaded.privateKeys(keyId, request);
      },
    };
  }
  throw new FlowKeysError('not_configured', 'KEY_STORE must be "ssm" or "secrets-manager".');
}

async function loadSecretsManager(
  configuration: ReturnType<typeof awsClientConfiguration>,
  options: { readonly prefix?: string },
): Promise<KeyStore> {
  const [{ SecretsManagerClient }, { secretsManagerKeyStore }] = await Promise.all([
    import('@aws-sdk/client-secrets-manager'),
    import('./secrets-manager.ts'),
  ]);
  return secretsManagerKeyStore({ client: new SecretsManagerClient(configuration), ...options });
}

/**
 * Creates the consumer store on AWS, in Parameter Store. The client is created for the first lookup, as that takes time.
 * `KEY_PREFIX` applies only if the keys are in Parameter Store, too: for Secrets Manager, it is not a path.
 *
 * @throws FlowKeysError `not_configured` for a missing setting, and `consumer_store_unavailable`, both from `consumer`
 */
export function awsConsumerStore(environment: Environment, transport?: AwsTransport): ConsumerStore {
  const { KEY_STORE: keyStore = 'ssm' } = environment;
  let store: ConsumerStore | undefined;
  return {
    async consumer(name, options) {
      store ??= ssmConsumerStore({
        client: new SSMClient(awsClientConfiguration(environment, 'SSM', transport)),
        ...(keyStore === 'ssm' && keyPrefix(environment)),
      });
      return store.consumer(name, options);
    },
  };
}
