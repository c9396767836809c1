import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateKeyCommand, DisableKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { LambdaClient, UpdateFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import { DeleteParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { connectSettings } from 'flow-security-keys';
import { createHandler } from 'flow-security-keys/lambda';
import { startServer } from 'flow-security-keys/node';
import { ssmKeyStore } from 'flow-security-keys/stores/ssm';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { selfSignedCertificate } from '../../cli/keys/certificate.ts';
import { awsTestClient } from '../key-stores/aws.ts';
import { contactFlowEvent, parameterName, pem, privateKeyOf, testKeys } from '../recordings/recordings.ts';
import { startAws, type TestAws } from '../support/aws.ts';
import { awsSettings } from '../support/aws-settings.ts';
import { runCli } from '../support/cli.ts';
import { deployFunction, forbid, functionName, permit } from '../support/deployed-function.ts';
import { encrypted } from '../support/encrypted.ts';
import { sha256Hex } from '../support/sha256.ts';

const [key, otherKey] = testKeys;
if (key === undefined || otherKey === undefined) throw new Error('There are no two test keys.');
const digits = '4929736155123456';

describe.skipIf(inject('awsEndpoint') === null)('flow-keys doctor', () => {
  let aws: TestAws;
  let folder: string;
  let ssm: SSMClient;
  let lambda: LambdaClient;
  let service: { readonly origin: string; stop(): Promise<void> };
  let ciphertext: string;
  let settings: ReturnType<typeof awsSettings>;
  const client = () => awsTestClient(aws.endpoint);

  beforeAll(async () => {
    aws = await startAws();
    folder = await mkdtemp(join(tmpdir(), 'doctor-'));
    settings = awsSettings(aws.endpoint);
    [ssm, lambda] = [new SSMClient(client()), new LambdaClient(client())];
    ciphertext = await encrypted(digits, key.keyId);
    await writeFile(join(folder, 'token'), 'token-of-this-test\n');
    const keyStore = ssmKeyStore({ client: ssm });
    const authorization = { bearerTokens: [{ sha256: sha256Hex('token-of-this-test') }] };
    service = await startServer({ keyStore, authorization, hostname: '127.0.0.1', port: 0, log: () => {} });
    const handler = createHandler({ keyStore, log: () => {} });
    const context = { awsRequestId: 'request', getRemainingTimeInMillis: () => 8_000 };
    aws.invoke = (event) => handler(event, context);
    await deployFunction(aws);
  });
  afterAll(async () => {
    await service.stop();
    await aws.stop();
    await rm(folder, { recursive: true });
  });

  /** Everything works until a test breaks something. */
  beforeEach(async () => {
    await put('private-key', privateKeyOf(key), 'SecureString');
    await put('certificate', await certificateFor(365), 'String');
    aws.connect.securityKeys.clear();
    aws.connect.securityKeys.set(key.keyId, publicKeyOf(key));
    await permit(lambda, aws.connect.instanceId);
  });

  const examine = (...args: string[]) =>
    runCli(
      [
        ...['doctor', '--instance', aws.connect.instanceId, '--function', functionName],
        ...['--endpoint', service.origin, '--token-file', join(folder, 'token'), ...args],
      ],
      { environment: settings },
    );

  it('passes every check when nothing is wrong', async () => {
    const { exitCode, stdout, stderr } = await examine(ciphertext);
    expect({ exitCode, stdout }).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/All checks passed\.\n$/),
    });
    const checks = [
      'message',
      'signature',
      'key id',
      'Connect',
      'parameter',
      'access',
      'private key',
      'key pair',
      'certificate',
      'decryption',
      'function',
      'policy',
      'association',
      'round trip',
      `round trip, ${functionName}`,
      `round trip, ${service.origin}`,
    ];
    for (const check of checks) expect(stdout).toMatch(new RegExp(`^ok +${check} `, 'm'));
    expect(stdout + stderr).not.toMatch(new RegExp(`${digits}|PRIVATE KEY|token-of-this-test`));
  });

  it.for(['nested', 'flat'])(
    'passes the input as the parameter that the function reads, and understands its %s answer',
    async (form) => {
      const variables = { FIELDS: 'card expiry', ANSWER: form };
      const configure = (Variables: Record<string, string>) =>
        lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: functionName, Environment: { Variables } }));
      const { invoke } = aws;
      const handler = createHandler({
        keyStore: ssmKeyStore({ client: ssm }),
        connect: connectSettings(variables),
        log: () => {},
      });
      aws.invoke = (event) => handler(event, { awsRequestId: 'request', getRemainingTimeInMillis: () => 8_000 });
      await configure(variables);
      const { exitCode, stdout } = await examine(ciphertext);
      expect({ exitCode, stdout }).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/All checks passed/) });
      await configure({});
      aws.invoke = invoke;
    },
  );

  it('takes the ciphertext from an event', async () => {
    const event = join(folder, 'event.json');
    await writeFile(event, JSON.stringify(contactFlowEvent({ 'key-id': key.keyId, 'my-secret-string': ciphertext })));
    expect(await examine('--event', event)).toMatchObject({ exitCode: 0 });
  });

  const alter = (text: string) => {
    const bytes = Buffer.from(text, 'base64');
    bytes[700 % bytes.length] = (bytes[700 % bytes.length] ?? 0) ^ 1;
    bytes[500] = (bytes[500] ?? 0) ^ 1;
    return bytes.toString('base64');
  };

  const faults: readonly (readonly [what: string, plant: () => Promise<readonly string[]>, fix: RegExp])[] = [
    ['a caller who typed nothing', async () => ['Timeout'], /Check for "Timeout" in the flow/],
    [
      'a truncated ciphertext',
      async () => [ciphertext.slice(0, 400)],
      /Pass \$\.StoredCustomerInput to the function unchanged/,
    ],
    ['an altered message', async () => [alter(ciphertext)], /Find out where the message was altered/],
    ['another key id in the flow', async () => [ciphertext, '--key-id', otherKey.keyId], /the same key id/],
    [
      'a key id of another instance',
      async () => {
        aws.connect.securityKeys.clear();
        return [ciphertext];
      },
      /Use a key id in the flow that instance .* has \(none\)/,
    ],
    [
      'a missing parameter',
      async () => {
        await ssm.send(new DeleteParameterCommand({ Name: parameterName(key.keyId) }));
        return [ciphertext];
      },
      /Store the private key as \/amazon-connect/,
    ],
    [
      'a parameter that is not a SecureString',
      async () => {
        await ssm.send(new DeleteParameterCommand({ Name: parameterName(key.keyId) }));
        await put('private-key', privateKeyOf(key), 'String');
        return [ciphertext];
      },
      /again as a SecureString/,
    ],
    [
      'a certificate in place of the key',
      async () => {
        await put('private-key', pem('CERTIFICATE', key.certificate), 'SecureString');
        return [ciphertext];
      },
      /is a certificate/,
    ],
    [
      'the private key of another key id',
      async () => {
        await put('private-key', privateKeyOf(otherKey), 'SecureString');
        return [ciphertext];
      },
      /Store the private key that belongs to Connect's public key/,
    ],
    [
      'an expired certificate',
      async () => {
        await put('certificate', await certificateFor(-1), 'String');
        return [ciphertext];
      },
      /Rotate .*expired/,
    ],
    [
      'a certificate that expires soon',
      async () => {
        await put('certificate', await certificateFor(10), 'String');
        return [ciphertext];
      },
      /Rotate .* before the certificate expires/,
    ],
    [
      'a certificate of another key',
      async () => {
        await put('certificate', pem('CERTIFICATE', otherKey.certificate), 'String');
        return [ciphertext];
      },
      /the one of another key/,
    ],
    [
      'a policy that does not admit Connect',
      async () => {
        await forbid(lambda);
        return [ciphertext];
      },
      /aws lambda add-permission/,
    ],
    [
      'a policy for another instance',
      async () => {
        await permit(lambda, '00000000-0000-4000-8000-000000000000');
        return [ciphertext];
      },
      /Allow Connect to invoke the function/,
    ],
    [
      'a function that may run too long',
      async () => {
        await limit(30);
        return [ciphertext];
      },
      /timeout of function .* to 8 seconds/,
    ],
    [
      'a function that is not associated with the instance',
      async () => {
        aws.connect.functions.clear();
        return [ciphertext];
      },
      /aws connect associate-lambda-function/,
    ],
    ['a missing function', async () => [ciphertext, '--function', 'nothing'], /Deploy function nothing/],
    [
      'a wrong token',
      async () => {
        await writeFile(join(folder, 'wrong'), 'wrong');
        return [ciphertext, '--token-file', join(folder, 'wrong')];
      },
      /unauthorized/,
    ],
    ['an unreachable service', async () => [ciphertext, '--endpoint', 'http://127.0.0.1:9'], /service_unreachable/],
    [
      'a disabled KMS key',
      async () => {
        await encryptUnderDisabledKey();
        return [ciphertext];
      },
      /Enable KMS key/,
    ],
  ];

  it.for(faults)('says what to fix first: %s', async ([, plant, fix]) => {
    const functions = [...aws.connect.functions];
    const { exitCode, stdout, stderr } = await examine(...(await plant()));
    for (const arn of functions) aws.connect.functions.add(arn);
    await limit(8);
    expect(exitCode).toBe(4);
    expect(stderr).toMatch(/^(Examining …\n)?$/);
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(new RegExp(`^Fix first: .*${fix.source}`));
    expect(stdout).not.toMatch(new RegExp(`${digits}|PRIVATE KEY`));
  });

  async function put(
    part: 'private-key' | 'certificate',
    Value: string,
    Type: 'SecureString' | 'String',
    KeyId?: string,
  ) {
    const Name = `/amazon-connect/encryption/${key?.keyId}/${part}`;
    await ssm.send(new DeleteParameterCommand({ Name })).catch(() => {});
    await ssm.send(new PutParameterCommand({ Name, Value, Type, ...(KeyId && { KeyId }) }));
  }

  async function encryptUnderDisabledKey(): Promise<void> {
    const kms = new KMSClient(client());
    const { KeyMetadata: { KeyId = '' } = {} } = await kms.send(new CreateKeyCommand({}));
    await put('private-key', privateKeyOf({ keyId: key?.keyId ?? '' }), 'SecureString', KeyId);
    await kms.send(new DisableKeyCommand({ KeyId }));
  }

  async function limit(Timeout: number): Promise<void> {
    await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: functionName, Timeout }));
  }

  function publicKeyOf({ certificate }: { readonly certificate: string }): string {
    return new X509Certificate(pem('CERTIFICATE', certificate)).publicKey
      .export({ type: 'spki', format: 'pem' })
      .toString();
  }

  function certificateFor(days: number): Promise<string> {
    return selfSignedCertificate(privateKeyOf({ keyId: key?.keyId ?? '' }), { subject: 'CN=test', days });
  }
});
