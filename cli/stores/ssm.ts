import {
  DeleteParametersCommand,
  GetParameterCommand,
  PutParameterCommand,
  type PutParameterCommandInput,
  paginateDescribeParameters,
  paginateGetParametersByPath,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { isAwsError } from '../../adapters/stores/aws-errors.ts';
import { certificatePath, consumerPath, parameterPrefix, privateKeyPath } from '../../adapters/stores/names.ts';
import { ssmConsumerStore, ssmKeyStore } from '../../adapters/stores/ssm.ts';
import { callAws, clientConfiguration, collect, unlessAbsent } from '../aws.ts';
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
    const command = new GetParameterCommand({ Name: name, WithDecryption: true });
    const found = await callAws(`read parameter ${name}`, 'ssm:GetParameter, and kms:Decrypt on its KMS key,', () =>
      unlessAbsent(client.send(command)),
    );
    return found?.Parameter?.Value;
  }

  return {
    name: `SSM parameters under ${prefix}`,
    privateKeys,

    async keyIds() {
      const ParameterFilters = [{ Key: 'Name', Option: 'BeginsWith', Values: [`${prefix}/`] }];
      const parameters = await callAws('list the parameters', 'ssm:DescribeParameters', () =>
        collect(paginateDescribeParameters({ client }, { ParameterFilters }), (page) => page.Parameters),
      );
      const names = parameters.map(({ Name: name = '' }) => name.slice(prefix.length + 1));
      return [...new Set(names.flatMap((name) => name.match(/^[^/]+(?=\/(private-key|certificate)$)/)?.[0] ?? []))];
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
      await putPublic(client, certificateName(keyId), certificate);
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

/** Parameter Store: `{prefix}/consumers/{name}`, a String, because its contents are public. */
export function ssmConsumers(options: ConsumerStoreOptions): WritableConsumerStore {
  const { prefix = parameterPrefix } = options;
  const client = new SSMClient(clientConfiguration(options));
  const path = `${prefix}/${consumerPath('')}`;
  return {
    ...ssmConsumerStore({ client, prefix }),
    name: `SSM parameters under ${prefix}/consumers`,

    async all() {
      // Ten per call, because the quota for reading single parameters is low.
      const parameters = await callAws('read the consumers', 'ssm:GetParametersByPath', () =>
        collect(
          paginateGetParametersByPath({ client }, { Path: path, WithDecryption: true }),
          (page) => page.Parameters,
        ),
      );
      return inOrder(parameters.map(({ Name: name = '', Value: value = '' }) => [name.slice(path.length), value]));
    },

    put: (name, document) => putPublic(client, path + name, document),

    async remove(name) {
      await callAws(`remove parameter ${path}${name}`, 'ssm:DeleteParameters', () =>
        client.send(new DeleteParametersCommand({ Names: [path + name] })),
      );
    },
  };
}

async function putPublic(client: SSMClient, name: string, value: string): Promise<void> {
  const input: PutParameterCommandInput = { Name: name, Value: value, Type: 'String', Overwrite: true };
  await callAws(`store parameter ${name}`, 'ssm:PutParameter', () => client.send(new PutParameterCommand(input)));
}
