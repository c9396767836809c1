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
import { member } from '../../src/flow/index.ts';
import { parseJson } from '../../src/internal.ts';
import { callAws, clientConfiguration, collect, unlessAbsent } from '../aws.ts';
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
      const Filters = [{ Key: 'name' as const, Values: [`${prefix}/`] }];
      const secrets = await callAws('list the secrets', 'secretsmanager:ListSecrets', () =>
        collect(paginateListSecrets({ client }, { Filters }), (page) => page.SecretList),
      );
      const names = secrets.map(({ Name: name = '' }) => name).filter((name) => name.endsWith('/private-key'));
      return names.map((name) => name.split('/').at(-2) ?? '');
    },

    async certificate(keyId) {
      const name = nameOf(keyId);
      const secret = await callAws(`read secret ${name}`, 'secretsmanager:GetSecretValue', async () => {
        try {
          return await unlessAbsent(client.send(new GetSecretValueCommand({ SecretId: name })));
        } catch (error) {
          // The secret is scheduled for deletion.
          if (isAwsError(error, 'InvalidRequestException')) return undefined;
          throw error;
        }
      });
      const certificate = member(parseJson(secret?.SecretString ?? ''), 'certificate');
      return typeof certificate === 'string' ? certificate : undefined;
    },

    async store(keyId, { privateKey, certificate }) {
      const name = nameOf(keyId);
      const SecretString = JSON.stringify({ privateKey, certificate });
      await callAws(`store secret ${name}`, 'secretsmanager:CreateSecret and PutSecretValue', async () => {
        try {
          await client.send(
            new CreateSecretCommand({
              Name: name,
              SecretString,
              Description: 'Private key of an Amazon Connect flow security key, and its certificate',
              ...(kmsKey !== undefined && { KmsKeyId: kmsKey }),
            }),
          );
        } catch (error) {
          if (!isAwsError(error, 'ResourceExistsException')) throw error;
          const [stored = ''] = await privateKeys(keyId, {});
          await assertSamePrivateKey(keyId, stored, privateKey);
          // The secret may lack its certificate.
          await client.send(new PutSecretValueCommand({ SecretId: name, SecretString }));
        }
      });
    },

    async remove(keyId) {
      const name = nameOf(keyId);
      const command = new DeleteSecretCommand({ SecretId: name, RecoveryWindowInDays: recoveryDays });
      const deleted = await callAws(`remove secret ${name}`, 'secretsmanager:DeleteSecret', () =>
        unlessAbsent(client.send(command)),
      );
      return deleted !== undefined;
    },
  };
}
