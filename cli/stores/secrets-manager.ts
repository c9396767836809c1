import {
  CreateSecretCommand,
  DeleteSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  paginateListSecrets,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { isAwsError } from '../../adapters/stores/aws-errors.ts';
import { privateKeyPath, secretPrefix } from '../../adapters/stores/names.ts';
import { secretsManagerKeyStore } from '../../adapters/stores/secrets-manager.ts';
import { callAws, clientConfiguration } from '../aws.ts';
import { assertSamePrivateKey, type KeyStoreOptions, type WritableKeyStore } from './key-store.ts';

/** How long a removed secret can be restored with `aws secretsmanager restore-secret`. */
const recoveryDays = 30;

/** Secrets Manager: the secret `{prefix}/{key-id}/private-key`, JSON with `privateKey` and `certificate`. */
export function secretsManagerKeys(options: KeyStoreOptions): WritableKeyStore {
  const { prefix = secretPrefix, kmsKey } = options;
  const client = new SecretsManagerClient(clientConfiguration(options));
  const { privateKeys } = secretsManagerKeyStore({ client, prefix });
  const nameOf = (keyId: string) => `${prefix}/${privateKeyPath(keyId)}`;

  return {
    name: `Secrets Manager secrets under ${prefix}`,
    privateKeys,

    async keyIds() {
      const names = await callAws('list the secrets', 'secretsmanager:ListSecrets', async () => {
        const found: string[] = [];
        const Filters = [{ Key: 'name' as const, Values: [`${prefix}/`] }];
        for await (const page of paginateListSecrets({ client }, { Filters })) {
          found.push(...(page.SecretList ?? []).flatMap(({ Name: name }) => name ?? []));
        }
        return found;
      });
      return names.filter((name) => name.endsWith('/private-key')).map((name) => name.split('/').at(-2) ?? '');
    },

    async certificate(keyId) {
      const name = nameOf(keyId);
      const secret = await callAws(`read secret ${name}`, 'secretsmanager:GetSecretValue', async () => {
        try {
          return (await client.send(new GetSecretValueCommand({ SecretId: name }))).SecretString;
        } catch (error) {
          // One that is marked for deletion is an invalid request.
          if (isAwsError(error, 'ResourceNotFoundException') || isAwsError(error, 'InvalidRequestException'))
            return undefined;
          throw error;
        }
      });
      return certificateIn(secret ?? '');
    },

    async store(keyId, key) {
      const name = nameOf(keyId);
      const value = { privateKey: key.privateKey, certificate: key.certificate };
      await callAws(`store secret ${name}`, 'secretsmanager:CreateSecret and PutSecretValue', async () => {
        try {
          await client.send(
            new CreateSecretCommand({
              Name: name,
              SecretString: JSON.stringify(value),
              Description: 'Private key of an Amazon Connect flow security key, and its certificate',
              ...(kmsKey !== undefined && { KmsKeyId: kmsKey }),
            }),
          );
        } catch (error) {
          if (!isAwsError(error, 'ResourceExistsException')) throw error;
          const [stored = ''] = await privateKeys(keyId, {});
          await assertSamePrivateKey(keyId, stored, key.privateKey);
          // The secret may have been stored without its certificate.
          await client.send(new PutSecretValueCommand({ SecretId: name, SecretString: JSON.stringify(value) }));
        }
      });
    },

    async remove(keyId) {
      const name = nameOf(keyId);
      return callAws(`remove secret ${name}`, 'secretsmanager:DeleteSecret', async () => {
        try {
          await client.send(new DeleteSecretCommand({ SecretId: name, RecoveryWindowInDays: recoveryDays }));
          return true;
        } catch (error) {
          if (isAwsError(error, 'ResourceNotFoundException')) return false;
          throw error;
        }
      });
    },
  };
}

function certificateIn(secret: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(secret);
    const isObject = typeof parsed === 'object' && parsed !== null;
    return isObject && 'certificate' in parsed && typeof parsed.certificate === 'string'
      ? parsed.certificate
      : undefined;
  } catch {
    return undefined;
  }
}
