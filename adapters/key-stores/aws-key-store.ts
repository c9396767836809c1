import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SSMClient } from '@aws-sdk/client-ssm';
import { FlowKeysError, type KeyStore } from '../../src/index.ts';
import { awsClientConfiguration, type Environment, keyPrefix } from './aws-client.ts';
import { secretsManagerKeyStore } from './secrets-manager.ts';
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
    const client = new SecretsManagerClient(awsClientConfiguration(environment, 'SECRETS_MANAGER'));
    return secretsManagerKeyStore({ client, ...options });
  }
  throw new FlowKeysError('key_store_unavailable', 'KEY_STORE must be "ssm" or "secrets-manager".');
}
