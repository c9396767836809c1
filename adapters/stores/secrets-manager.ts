import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { FlowKeysError, type KeyStore } from '../../src/index.ts';
import { awsReason } from './aws-client.ts';
import { isAwsError } from './aws-errors.ts';
import { privateKeyPath, secretPrefix } from './names.ts';

/** Options of {@link secretsManagerKeyStore}. */
export interface SecretsManagerKeyStoreOptions {
  /** A client of Secrets Manager. */
  readonly client: Pick<SecretsManagerClient, 'send'>;
  /** The part of the secrets' names before the key id. Default: `amazon-connect/encryption`. */
  readonly prefix?: string;
}

/**
 * Reads private keys from AWS Secrets Manager. Each secret is named `amazon-connect/encryption/{key-id}/private-key` and
 * holds the PEM text, or JSON with the PEM text as `privateKey`. Both the pending and the current version are tried, so that
 * decryption works during a rotation. Needs `secretsmanager:GetSecretValue` on the secret.
 *
 * @throws FlowKeysError `key_store_unavailable` from `privateKeys` if the service fails or denies access
 * @example
 * const keyStore = secretsManagerKeyStore({ client: new SecretsManagerClient({ region: 'eu-central-1' }) });
 */
export function secretsManagerKeyStore({ client, prefix = secretPrefix }: SecretsManagerKeyStoreOptions): KeyStore {
  async function version(keyId: string, stage: string, signal: AbortSignal | undefined): Promise<readonly string[]> {
    const name = `${prefix}/${privateKeyPath(keyId)}`;
    try {
      const command = new GetSecretValueCommand({ SecretId: name, VersionStage: stage });
      const { SecretString: text, SecretBinary: bytes } = await client.send(command, signal && { abortSignal: signal });
      if (text === undefined && bytes === undefined) throw new Error('The response holds no secret.');
      return [privateKeyOf(text ?? new TextDecoder().decode(bytes))];
    } catch (error) {
      if (isAbsent(error)) return [];
      const message = `The secret ${name} could not be read: ${awsReason(error, 'secretsmanager:GetSecretValue')}.`;
      throw new FlowKeysError('key_store_unavailable', message, { keyId, cause: error });
    }
  }

  return {
    async privateKeys(keyId, { signal }) {
      const [pending, current] = await Promise.allSettled([
        version(keyId, 'AWSPENDING', signal),
        version(keyId, 'AWSCURRENT', signal),
      ]);
      if (current.status === 'rejected') throw current.reason;
      // A failure to read the pending version matters only if there is no current one.
      if (pending.status === 'rejected' && current.value.length === 0) throw pending.reason;
      return [...new Set([...(pending.status === 'fulfilled' ? pending.value : []), ...current.value])];
    },
  };
}

/** Whether the secret or version does not exist. AWS calls a secret that is marked for deletion an invalid request. */
function isAbsent(error: unknown): boolean {
  return isAwsError(error, 'ResourceNotFoundException') || isAwsError(error, 'InvalidRequestException');
}

function privateKeyOf(secret: string): string {
  if (!secret.trimStart().startsWith('{')) return secret;
  try {
    const parsed: unknown = JSON.parse(secret);
    const isObject = typeof parsed === 'object' && parsed !== null;
    return isObject && 'privateKey' in parsed && typeof parsed.privateKey === 'string' ? parsed.privateKey : secret;
  } catch {
    return secret;
  }
}
