import { GetParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { FlowKeysError, type KeyStore } from '../../src/index.ts';

export interface SsmKeyStoreOptions {
  readonly client: Pick<SSMClient, 'send'>;
  /** What stands before the key id. Default: `/amazon-connect/encryption`. */
  readonly prefix?: string;
}

/**
 * Private keys in AWS Systems Manager Parameter Store, as SecureString parameters named
 * `/amazon-connect/encryption/{key-id}/private-key`. Needs `ssm:GetParameter` on that path, and
 * `kms:Decrypt` for the KMS key that encrypts it.
 *
 * @throws FlowKeysError `key_store_unavailable` from `privateKeys` when SSM is down, slow or denies access
 * @example
 * const keyStore = ssmKeyStore({ client: new SSMClient({ region: 'eu-central-1' }) });
 */
export function ssmKeyStore({ client, prefix = '/amazon-connect/encryption' }: SsmKeyStoreOptions): KeyStore {
  return {
    async privateKeys(keyId, { signal }) {
      const name = `${prefix}/${keyId}/private-key`;
      const command = new GetParameterCommand({ Name: name, WithDecryption: true });
      try {
        const { Parameter: parameter } = await client.send(command, signal && { abortSignal: signal });
        return [parameter?.Value ?? ''];
      } catch (error) {
        if (nameOf(error) === 'ParameterNotFound') return [];
        throw new FlowKeysError('key_store_unavailable', `SSM did not give the parameter ${name}: ${reason(error)}.`, {
          keyId,
          cause: error,
        });
      }
    },
  };
}

function reason(error: unknown): string {
  const name = nameOf(error);
  if (name === 'AccessDeniedException') return 'access denied; allow ssm:GetParameter on it and kms:Decrypt on its key';
  if (name === 'ThrottlingException') return 'it throttles; raise the Parameter Store throughput or try again';
  if (name === 'CredentialsProviderError') return 'there are no AWS credentials';
  return 'it is unreachable or failed; try again, and check region, endpoint and network';
}

function nameOf(error: unknown): string | undefined {
  return error instanceof Error ? error.name : undefined;
}
