import {
  DeleteParametersCommand,
  GetParameterCommand,
  PutParameterCommand,
  paginateDescribeParameters,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { ssmKeyStore } from '../../adapters/stores/ssm.ts';
import { callAws, clientConfiguration, isAwsError } from '../aws.ts';
import { assertSamePrivateKey, type KeyVault, type VaultOptions } from './vault.ts';

/** Parameter Store: `{prefix}/{key-id}/private-key`, a SecureString, and `{prefix}/{key-id}/certificate`, a String. */
export function ssmVault(options: VaultOptions): KeyVault {
  const { prefix = '/amazon-connect/encryption', kmsKey } = options;
  const client = new SSMClient(clientConfiguration(options));
  const { privateKeys } = ssmKeyStore({ client, prefix, warn: () => {} });
  const nameOf = (keyId: string, part: 'private-key' | 'certificate') => `${prefix}/${keyId}/${part}`;

  async function read(name: string): Promise<string | undefined> {
    return callAws(`read parameter ${name}`, 'ssm:GetParameter, and kms:Decrypt on its KMS key,', async () => {
      try {
        const { Parameter: parameter } = await client.send(
          new GetParameterCommand({ Name: name, WithDecryption: true }),
        );
        return parameter?.Value;
      } catch (error) {
        if (isAwsError(error, 'ParameterNotFound')) return undefined;
        throw error;
      }
    });
  }

  return {
    name: `SSM parameters under ${prefix}`,
    privateKeys,

    async keyIds() {
      const names = await callAws('list the parameters', 'ssm:DescribeParameters', async () => {
        const found: string[] = [];
        const ParameterFilters = [{ Key: 'Name', Option: 'BeginsWith', Values: [`${prefix}/`] }];
        for await (const page of paginateDescribeParameters({ client }, { ParameterFilters })) {
          found.push(...(page.Parameters ?? []).flatMap(({ Name: name }) => name ?? []));
        }
        return found;
      });
      const keys = names.filter((name) => /^[^/]+\/(private-key|certificate)$/.test(name.slice(prefix.length + 1)));
      return [...new Set(keys.map((name) => name.split('/').at(-2) ?? ''))];
    },

    certificate: (keyId) => read(nameOf(keyId, 'certificate')),

    async store(keyId, { privateKey, certificate }) {
      const name = nameOf(keyId, 'private-key');
      await callAws(`store parameter ${name}`, 'ssm:PutParameter, and kms:Encrypt on the KMS key,', async () => {
        try {
          await client.send(
            new PutParameterCommand({
              Name: name,
              Value: privateKey,
              Type: 'SecureString',
              Description: 'Private key of an Amazon Connect flow security key',
              ...(kmsKey !== undefined && { KeyId: kmsKey }),
            }),
          );
        } catch (error) {
          if (!isAwsError(error, 'ParameterAlreadyExists')) throw error;
          await assertSamePrivateKey(keyId, (await read(name)) ?? '', privateKey);
        }
      });
      const certificateName = nameOf(keyId, 'certificate');
      await callAws(`store parameter ${certificateName}`, 'ssm:PutParameter', () =>
        client.send(
          new PutParameterCommand({ Name: certificateName, Value: certificate, Type: 'String', Overwrite: true }),
        ),
      );
    },

    async remove(keyId) {
      const Names = [nameOf(keyId, 'private-key'), nameOf(keyId, 'certificate')];
      const { DeletedParameters: deleted = [] } = await callAws(
        `remove the parameters of key id ${keyId}`,
        'ssm:DeleteParameters',
        () => client.send(new DeleteParametersCommand({ Names })),
      );
      return deleted.length > 0;
    },
  };
}
