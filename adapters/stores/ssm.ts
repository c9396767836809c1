import { GetParameterCommand, type Parameter, type SSMClient } from '@aws-sdk/client-ssm';
import { type ConsumerStore, FlowKeysError, type KeyStore } from '../../src/index.ts';
import { awsReason } from './aws-client.ts';
import { isAwsError } from './aws-errors.ts';
import { consumerPath, parameterPrefix, privateKeyPath } from './names.ts';

/** Options of the stores in Parameter Store. */
export interface SsmStoreOptions {
  /** A client of Systems Manager. */
  readonly client: Pick<SSMClient, 'send'>;
  /** The part of the parameters' names before the key id or `consumers`. Default: `/amazon-connect/encryption`. */
  readonly prefix?: string;
}

/** Options of {@link ssmKeyStore}. */
export interface SsmKeyStoreOptions extends SsmStoreOptions {
  /** Called once for each key id whose parameter is not a SecureString. Default: writes a line of JSON to the console. */
  readonly warn?: (warning: StoredInTheClear) => void;
}

/** The warning that a private key is a String parameter, which everyone who may read parameters can read. */
export interface StoredInTheClear {
  readonly level: 'WARN';
  readonly code: 'not_a_secure_string';
  readonly keyId: string;
  readonly message: string;
}

/**
 * Reads private keys from AWS Systems Manager Parameter Store. Each is a SecureString parameter named
 * `/amazon-connect/encryption/{key-id}/private-key`. Needs `ssm:GetParameter` on that path, and `kms:Decrypt` for the KMS
 * key that encrypts it. A lookup is one request.
 *
 * @throws FlowKeysError `key_store_unavailable` from `privateKeys` if SSM fails or denies access
 * @example
 * const keyStore = ssmKeyStore({ client: new SSMClient({ region: 'eu-central-1' }) });
 */
export function ssmKeyStore({
  client,
  prefix = parameterPrefix,
  warn = (warning) => console.warn(JSON.stringify(warning)),
}: SsmKeyStoreOptions): KeyStore {
  const warned = new Set<string>();

  return {
    async privateKeys(keyId, { signal }) {
      const name = `${prefix}/${privateKeyPath(keyId)}`;
      const parameter = await getParameter(client, name, signal, (message, cause) => {
        return new FlowKeysError('key_store_unavailable', message, { keyId, cause });
      });
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
 * Reads consumers from AWS Systems Manager Parameter Store. Each is a parameter named
 * `/amazon-connect/encryption/consumers/{name}`, String or SecureString, as what it holds is public. Needs
 * `ssm:GetParameter` on that path. A lookup is one request.
 *
 * @throws FlowKeysError `consumer_store_unavailable` from `consumer` if SSM fails or denies access
 * @example
 * const consumerStore = ssmConsumerStore({ client: new SSMClient({ region: 'eu-central-1' }) });
 */
export function ssmConsumerStore({ client, prefix = parameterPrefix }: SsmStoreOptions): ConsumerStore {
  return {
    async consumer(name, { signal }) {
      const parameter = await getParameter(client, `${prefix}/${consumerPath(name)}`, signal, (message, cause) => {
        return new FlowKeysError('consumer_store_unavailable', message, { cause });
      });
      return parameter && (parameter.Value ?? '');
    },
  };
}

/** Reads a parameter; `undefined` if it does not exist. */
async function getParameter(
  client: SsmStoreOptions['client'],
  name: string,
  signal: AbortSignal | undefined,
  unavailable: (message: string, cause: unknown) => FlowKeysError,
): Promise<Parameter | undefined> {
  try {
    const command = new GetParameterCommand({ Name: name, WithDecryption: true });
    const { Parameter: parameter } = await client.send(command, signal && { abortSignal: signal });
    if (parameter === undefined) throw new Error('The response holds no parameter.');
    return parameter;
  } catch (error) {
    if (isAwsError(error, 'ParameterNotFound')) return undefined;
    throw unavailable(`The parameter ${name} could not be read: ${awsReason(error, 'ssm:GetParameter')}.`, error);
  }
}

function storedInTheClear(keyId: string, name: string): StoredInTheClear {
  const message = `The parameter ${name} is not a SecureString. Store it again with --type SecureString --overwrite, and rotate the key.`;
  return { level: 'WARN', code: 'not_a_secure_string', keyId, message };
}
