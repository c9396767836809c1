import {
  CreateSecretCommand,
  DeleteSecretCommand,
  PutSecretValueCommand,
  ResourceExistsException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { DeleteParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { secretsManagerKeyStore } from 'flow-security-keys/stores/secrets-manager';
import { ssmKeyStore } from 'flow-security-keys/stores/ssm';
import { inject } from 'vitest';
import type { StoreFixture } from './contract.ts';

/** A client's configuration for the AWS of the tests, or for another endpoint. */
export function awsTestClient(endpoint = inject('awsEndpoint') ?? '') {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  return { endpoint, region: 'us-east-1', credentials, maxAttempts: 1 };
}

// Nothing listens there.
const unreachableEndpoint = 'http://127.0.0.1:9';

export function ssmFixture(): StoreFixture {
  const client = new SSMClient(awsTestClient());
  // A separate prefix for each run, as several runtimes run at once.
  const prefix = `/contract/${crypto.randomUUID()}`;
  const parameter = (keyId: string) => `${prefix}/${keyId}/private-key`;
  return {
    keyStore: ssmKeyStore({ client, prefix }),
    async put(keyId, pem) {
      const input = { Name: parameter(keyId), Value: pem, Type: 'SecureString', Overwrite: true } as const;
      await client.send(new PutParameterCommand(input));
    },
    async remove(keyId) {
      await client.send(new DeleteParameterCommand({ Name: parameter(keyId) }));
    },
    unreachable: ssmKeyStore({ client: new SSMClient(awsTestClient(unreachableEndpoint)) }),
  };
}

export function secretsManagerFixture(): StoreFixture {
  const client = new SecretsManagerClient(awsTestClient());
  const prefix = `contract/${crypto.randomUUID()}`;
  const secret = (keyId: string) => `${prefix}/${keyId}/private-key`;
  return {
    keyStore: secretsManagerKeyStore({ client, prefix }),
    async put(keyId, pem) {
      const create = new CreateSecretCommand({ Name: secret(keyId), SecretString: pem });
      await client.send(create).catch((error: unknown) => {
        if (!(error instanceof ResourceExistsException)) throw error;
        return client.send(new PutSecretValueCommand({ SecretId: secret(keyId), SecretString: pem }));
      });
    },
    async remove(keyId) {
      await client.send(new DeleteSecretCommand({ SecretId: secret(keyId) }));
    },
    unreachable: secretsManagerKeyStore({ client: new SecretsManagerClient(awsTestClient(unreachableEndpoint)) }),
  };
}
