import { GetParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import type { KeyStore } from '../../src/index.ts';
import { awsUnavailable, errorName } from './aws-client.ts';

export interface SsmKeyStoreOptions {
  readonly client: Pick<SSMClient, 'send'>;
  /** What stands before the key id. Default: `/amazon-connect/encryption`. */
  readonly prefix?: string;
  /** Told of a parameter that is stored in the clear. Default: a line of JSON on the console. */
  readonly warn?: (warning: StoredInTheClear) => void;
}

/** A private key is a String parameter, which everyone who may list parameters can read. */
export interface StoredInTheClear {
  readonly level: 'WARN';
  readonly code: 'not_a_secure_string';
  readonly keyId: string;
  readonly message: string;
}

/**
 * Private keys in AWS Systems Manager Parameter Store, as SecureString parameters named
 * `/amazon-connect/encryption/{key-id}/private-key`. Needs `ssm:GetParameter` on that path, and
 * `kms:Decrypt` for the KMS key that encrypts it. One reading is one request.
 *
 * @throws FlowKeysError `key_store_unavailable` from `privateKeys` when SSM is down, slow or denies access
 * @example
 * const keyStore = ssmKeyStore({ client: new SSMClient({ region: 'eu-central-1' }) });
 */
export function ssmKeyStore({
  client,
  prefix = '/amazon-connect/encryption',
  warn = (warning) => console.warn(JSON.stringify(warning)),
}: SsmKeyStoreOptions): KeyStore {
  const warned = new Set<string>();

  return {
    async privateKeys(keyId, { signal }) {
      const name = `${prefix}/${keyId}/private-key`;
      const parameter = await getParameter(client, name, keyId, signal);
      if (parameter === undefined) return [];
      if (parameter.Type !== 'SecureString' && !warned.has(keyId)) {
        warned.add(keyId);
        warn(storedInTheClear(keyId, name));
      }
      return [parameter.Value ?? ''];
    },
  };
}

/**
 * The parameter of that name; `undefined` where there is none.
 *
 * @param keyId whose private key it is; `undefined` for a consumer
 * @throws FlowKeysError `key_store_unavailable` or, for a consumer, `consumer_store_unavailable`
 */
export async function getParameter(
  client: SsmKeyStoreOptions['client'],
  name: string,
  keyId: string | undefined,
  signal: AbortSignal | undefined,
) {
  try {
    const command = new GetParameterCommand({ Name: name, WithDecryption: true });
    const { Parameter: parameter } = await client.send(command, signal && { abortSignal: signal });
    if (parameter === undefined) throw new Error('The answer holds no parameter.');
    return parameter;
  } catch (error) {
    if (errorName(error) === 'ParameterNotFound') return undefined;
    throw awsUnavailable(keyId, `parameter ${name}`, 'ssm:GetParameter', error);
  }
}

function storedInTheClear(keyId: string, name: string): StoredInTheClear {
  const message = `The parameter ${name} is no SecureString: store it again with --type SecureString --overwrite.`;
  return { level: 'WARN', code: 'not_a_secure_string', keyId, message };
}
