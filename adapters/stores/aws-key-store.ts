import { SSMClient } from '@aws-sdk/client-ssm';
import { FlowKeysError, type KeyStore } from '../../src/index.ts';
import { awsClientConfiguration, type Environment, keyPrefix } from './aws-client.ts';
import { ssmKeyStore } from './ssm.ts';

/**
 * The key store on AWS that the settings name: `KEY_STORE` is `ssm` (the default) or `secrets-manager`,
 * `KEY_PREFIX` is what stands before the key id in the name of a parameter or a secret.
 *
 * @throws FlowKeysError `key_store_unavailable` for a setting that is missing or wrong
 */
export function awsKeyStore(environment: Environment): KeyStore {
  const { KEY_STORE: kind = 'ssm' } = environment;
  const options = keyPrefix(environment);
  if (kind === 'ssm') {
    return ssmKeyStore({ client: new SSMClient(awsClientConfiguration(environment, 'SSM')), ...options });
  }
  if (kind === 'secrets-manager') {
    const configuration = awsClientConfiguration(environment, 'SECRETS_MANAGER');
    // Loaded when it is asked, as loading a client is most of a cold start.
    let loaded: KeyStore | undefined;
    return {
      async privateKeys(keyId, request) {
        loaded ??= await loadSecretsManager(configuration, options);
        return loaded.privateKeys(keyId, request);
      },
    };
  }
  throw new FlowKeysError('key_store_unavailable', 'KEY_STORE must be "ssm" or "secrets-manager".');
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
