import {
  DeleteParametersCommand,
  GetParameterCommand,
  PutParameterCommand,
  paginateDescribeParameters,
  paginateGetParametersByPath,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { isAwsError } from '../../adapters/stores/aws-errors.ts';
import { certificatePath, consumerPath, parameterPrefix, privateKeyPath } from '../../adapters/stores/names.ts';
import { ssmConsumerStore, ssmKeyStore } from '../../adapters/stores/ssm.ts';
import { callAws, clientConfiguration } from '../aws.ts';
import { type ConsumerStoreOptions, inOrder, type WritableConsumerStore } from './consumer-store.ts';
import { assertSamePrivateKey, type KeyStoreOptions, type WritableKeyStore } from './key-store.ts';

/** Parameter Store: `{prefix}/{key-id}/private-key`, a SecureString, and `{prefix}/{key-id}/certificate`, a String. */
export function ssmKeys(options: KeyStoreOptions): WritableKeyStore {
  const { prefix = parameterPrefix, kmsKey } = options;
  const client = new SSMClient(clientConfiguration(options));
  const { privateKeys } = ssmKeyStore({ client, prefix, warn: () => {} });
  const privateKeyName = (keyId: string) => `${prefix}/${privateKeyPath(keyId)}`;
  const certificateName = (keyId: string) => `${prefix}/${certificatePath(keyId)}`;

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

    certificate: (keyId) => read(certificateName(keyId)),

    async store(keyId, { privateKey, certificate }) {
      const name = privateKeyName(keyId);
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
      const publicName = certificateName(keyId);
      await callAws(`store parameter ${publicName}`, 'ssm:PutParameter', () =>
        client.send(new PutParameterCommand({ Name: publicName, Value: certificate, Type: 'String', Overwrite: true })),
      );
    },

    async remove(keyId) {
      const Names = [privateKeyName(keyId), certificateName(keyId)];
      const { DeletedParameters: deleted = [] } = await callAws(
        `remove the parameters of key id ${keyId}`,
        'ssm:DeleteParameters',
        () => client.send(new DeleteParametersCommand({ Names })),
      );
      return deleted.length > 0;
    },
  };
}

/** Parameter Store: `{prefix}/consumers/{name}`, a String, as what it holds is public. */
export function ssmConsumers(options: ConsumerStoreOptions): WritableConsumerStore {
  const { prefix = parameterPrefix } = options;
  const client = new SSMClient(clientConfiguration(options));
  const path = `${prefix}/${consumerPath('')}`;
  return {
    ...ssmConsumerStore({ client, prefix }),
    name: `SSM parameters under ${prefix}/consumers`,

    all() {
      // Ten at a time, as the quotas of single readings are low.
      return callAws('read the consumers', 'ssm:GetParametersByPath', async () => {
        const found: [string, string][] = [];
        for await (const page of paginateGetParametersByPath({ client }, { Path: path, WithDecryption: true })) {
          for (const { Name: name = '', Value: value = '' } of page.Parameters ?? []) {
            found.push([name.slice(path.length), value]);
          }
        }
        return inOrder(found);
      });
    },

    async put(name, document) {
      const parameter = { Name: path + name, Value: document, Type: 'String', Overwrite: true } as const;
      await callAws(`store parameter ${path}${name}`, 'ssm:PutParameter', () =>
        client.send(new PutParameterCommand(parameter)),
      );
    },

    async remove(name) {
      await callAws(`remove parameter ${path}${name}`, 'ssm:DeleteParameters', () =>
        client.send(new DeleteParametersCommand({ Names: [path + name] })),
      );
    },
  };
}
