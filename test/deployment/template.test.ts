import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { awsTestClient } from '../key-stores/aws.ts';
import { testConsumers } from '../recordings/consumers.ts';
import { contactFlowEvent, pem, recordedEvent, recordingNamed, testKeys } from '../recordings/recordings.ts';
import { awsSettings } from '../support/aws-settings.ts';
import { cfnLint, hasPython, sam } from '../support/python.ts';
import { deployed, root, type Stack, statementsOf } from './stack.ts';

const run = promisify(execFile);
const account = 'us-east-1:123456789012';
const instance = `arn:aws:connect:${account}:instance/0e2b7f6c-0000-4000-8000-000000000000`;
const kmsKey = `arn:aws:kms:${account}:key/mrk-0e2b7f6c00004000`;
const topic = `arn:aws:sns:${account}:alarms`;

const everything = {
  ConnectInstanceArn: instance,
  FirstPublicKeyParameter: '/public-keys/first',
  SecondPublicKeyParameter: '/public-keys/second:1',
  KmsKeyArn: kmsKey,
  ReservedConcurrency: '20',
  AlarmTopicArn: topic,
  Reveal: 'none card=last4+luhn',
  Check: 'card=card cvc=digits:3-4',
  FlowTimeLimit: '6',
};

describe.skipIf(!hasPython())('The SAM template', { timeout: 120_000 }, () => {
  let least: Stack;
  let most: Stack;
  let withUrl: Stack;
  let withApi: Stack;
  beforeAll(async () => {
    const http = ['function-url', 'api-gateway'].map((Http) => ({ Http, BearerTokenHashes: 'f0'.repeat(32) }));
    const [first, second, third, fourth] = await deployed([{}, everything, ...http]);
    if (!first || !second || !third || !fourth) throw new Error('There are no stacks.');
    [least, most, withUrl, withApi] = [first, second, third, fourth];
  });

  it('passes cfn-lint and sam validate --lint', async () => {
    await run(cfnLint, ['template.yaml'], { cwd: root });
    const { stdout } = await runSam('validate', '--lint');
    expect(stdout).toContain('is a valid SAM Template');
  });

  it('gives each role only the permissions listed here, each with a reason', () => {
    const parameters = `arn:aws:ssm:${account}:parameter/amazon-connect/encryption`;
    const log = /^arn:aws:logs:us-east-1:123456789012:log-group:connect-keys-\w+-\w+:\*$/;
    const writesItsLog = { Sid: 'WriteLog', actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resource: log };
    const reasons = {
      DecryptRole: [
        { because: 'it writes a line a call', ...writesItsLog },
        {
          because: 'it reads the private key that a message names',
          Sid: 'ReadPrivateKeys',
          actions: ['ssm:GetParameter'],
          resource: `${parameters}/*/private-key`,
        },
        {
          because: 'it reads the document of a consumer that the flow names',
          Sid: 'ReadConsumers',
          actions: ['ssm:GetParameter'],
          resource: `${parameters}/consumers/*`,
        },
        {
          because: 'Parameter Store decrypts it with the key of the caller, and only for its own parameters',
          Sid: 'DecryptParameters',
          actions: ['kms:Decrypt'],
          resource: kmsKey,
          condition: {
            StringLike: {
              'kms:EncryptionContext:PARAMETER_ARN': [`${parameters}/*/private-key`, `${parameters}/consumers/*`],
            },
          },
        },
      ],
      CertificateCheckRole: [
        { because: 'it writes a line a certificate', ...writesItsLog },
        {
          because: 'it finds the keys by their names; IAM knows no narrower resource for this action',
          Sid: 'ListParameters',
          actions: ['ssm:DescribeParameters'],
          resource: '*',
        },
        {
          because: 'it reads certificates, which are public',
          Sid: 'ReadCertificates',
          actions: ['ssm:GetParameter'],
          resource: `${parameters}/*/certificate`,
        },
      ],
      CertificateCheckFunctionDailyRole: [
        {
          because: 'the schedule starts the check',
          actions: ['lambda:InvokeFunction'],
          resource: /^arn:aws:lambda:us-east-1:123456789012:function:connect-keys-CertificateCheckFunction-\w+$/,
        },
      ],
    };
    const expected = Object.fromEntries(
      Object.entries(reasons).map(([role, statements]) => [
        role,
        statements.map(({ because: _, actions, resource, ...rest }) => ({
          ...('Sid' in rest && { Sid: rest.Sid }),
          Effect: 'Allow',
          Action: actions.length === 1 ? actions[0] : actions,
          Resource: resource instanceof RegExp ? expect.stringMatching(resource) : resource,
          ...('condition' in rest && { Condition: rest.condition }),
        })),
      ]),
    );
    expect(statementsOf(most)).toEqual(expected);
    // Without a customer managed KMS key, there is one statement less.
    expect(statementsOf(least)).toEqual({ ...expected, DecryptRole: expected['DecryptRole']?.slice(0, -1) });
  });

  it('lets only the given instance invoke the function', () => {
    const openings = (stack: Stack) =>
      Object.values(stack.resources).filter(({ Type }) => /Permission|::Url$|ResourcePolicy/.test(Type));
    expect(openings(least)).toEqual([]);
    expect(openings(most).map(({ Properties }) => Properties)).toEqual([
      {
        FunctionName: most.outputs['FunctionArn'],
        Action: 'lambda:InvokeFunction',
        Principal: 'connect.amazonaws.com',
        SourceAccount: '123456789012',
        SourceArn: instance,
      },
    ]);
  });

  it('serves HTTP only if enabled, with the role of the decrypt function', () => {
    const ofHttp = ({ resources }: Stack) => Object.keys(resources).filter((name) => name.startsWith('Http'));
    expect([...ofHttp(least), ...ofHttp(most)]).toEqual([]);
    expect(ofHttp(withUrl).toSorted()).toEqual([
      'HttpErrorAlarm',
      'HttpFunction',
      'HttpUrl',
      'HttpUrlInvokePermission',
      'HttpUrlPermission',
    ]);
    expect(ofHttp(withApi).toSorted()).toEqual(['HttpApi', 'HttpApiPermission', 'HttpErrorAlarm', 'HttpFunction']);
    for (const { resources } of [withUrl, withApi]) {
      expect(resources['HttpFunction']?.Properties).toMatchObject({
        Handler: 'http.handler',
        Role: resources['DecryptFunction']?.Properties.Role,
        Environment: { Variables: { BEARER_TOKEN_HASHES: 'f0'.repeat(32) } },
      });
    }
    expect(Object.keys(statementsOf(withUrl))).toEqual(Object.keys(statementsOf(least)));
    // Anybody may call the URL, and only the URL: the service requires a token.
    expect(withUrl.resources['HttpUrlPermission']?.Properties.Action).toBe('lambda:InvokeFunctionUrl');
    expect(withUrl.resources['HttpUrlInvokePermission']?.Properties).toMatchObject({ InvokedViaFunctionUrl: true });
    expect(withApi.resources['HttpApiPermission']?.Properties).toMatchObject({
      Principal: 'apigateway.amazonaws.com',
      SourceArn: expect.stringMatching(/^arn:aws:execute-api:us-east-1:123456789012:[\w-]+\/\*$/),
    });
  });

  it('creates Connect resources only if enabled', () => {
    const ofConnect = (stack: Stack) =>
      Object.entries(stack.resources).filter(([, { Type }]) => Type.startsWith('AWS::Connect::'));
    expect(ofConnect(least)).toEqual([]);
    expect(Object.fromEntries(ofConnect(most))).toMatchObject({
      ConnectIntegration: {
        Properties: { InstanceId: instance, IntegrationArn: most.outputs['FunctionArn'] },
      },
      FirstSecurityKey: { Properties: { InstanceId: instance, Key: '{{resolve:ssm:/public-keys/first}}' } },
      SecondSecurityKey: { Properties: { InstanceId: instance, Key: '{{resolve:ssm:/public-keys/second:1}}' } },
    });
    expect(least.outputs).not.toHaveProperty('FirstKeyId');
    expect(most.outputs).toMatchObject({ FirstKeyId: expect.any(String), SecondKeyId: expect.any(String) });
  });

  it('runs the function on Node 24 and arm64 for at most 8 seconds, with the given settings and concurrency', () => {
    const properties = (stack: Stack) => stack.resources['DecryptFunction']?.Properties;
    expect(properties(most)).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Timeout: 8,
      ReservedConcurrentExecutions: '20',
      Environment: { Variables: { REVEAL: 'none card=last4+luhn', POWERTOOLS_SERVICE_NAME: 'connect-keys' } },
    });
    expect(properties(least)).not.toHaveProperty('ReservedConcurrentExecutions');
    expect(properties(least)).not.toHaveProperty('DeadLetterConfig');
  });

  it('keeps every log for a limited time, even when the stack is deleted', () => {
    const logs = Object.values(most.resources).filter(({ Type }) => Type === 'AWS::Logs::LogGroup');
    expect(logs).toHaveLength(2);
    for (const log of logs) {
      expect(log).toMatchObject({ DeletionPolicy: 'RetainExceptOnCreate', Properties: { RetentionInDays: 90 } });
    }
  });

  it('notifies the topic of every alarm, and when it ends', () => {
    for (const alarm of alarmsOf(most)) expect(alarm).toMatchObject({ AlarmActions: [topic], OKActions: [topic] });
    for (const alarm of alarmsOf(least)) expect(alarm).not.toHaveProperty('AlarmActions');
    expect(alarmsOf(least)).toHaveLength(10);
  });

  it('refuses invalid parameters', async () => {
    const nonsense = [
      [{ ConnectInstanceArn: 'my-instance' }, 'The ARN of an Amazon Connect instance'],
      [{ KmsKeyArn: `arn:aws:kms:${account}:alias/keys` }, 'not of an alias'],
      [{ Reveal: 'everything' }, 'full, last4, none or luhn'],
      [{ Answer: 'xml' }, 'nested'],
      [{ Consumers: 'Billing' }, 'Names of consumers'],
      [{ FirstPublicKeyParameter: '/public-keys/first' }, 'ConnectInstanceArn is missing'],
      [{ Http: 'function-url' }, 'BearerTokenHashes is missing'],
      [{ Http: 'function-url', BearerTokenHashes: 'my-token' }, 'Hashes as "flow-keys token" prints them'],
    ] as const;
    const answers = await deployed(nonsense.map(([parameters]) => parameters));
    expect(answers).toEqual(nonsense.map(([, reason]) => ({ refused: expect.stringContaining(reason) })));
  });

  it('is built by SAM into the files that the emulator runs', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sam-'));
    await runSam('build', '--build-dir', folder, '--cached', '--cache-dir', join(folder, 'cache'));
    const files = await readdir(join(root, 'dist/lambda'));
    expect(files).toContain('index.mjs');
    for (const name of ['DecryptFunction', 'HttpFunction', 'CertificateCheckFunction']) {
      expect((await readdir(join(folder, name))).sort()).toEqual(files.sort());
      for (const file of files) {
        expect(await readFile(join(folder, name, file))).toEqual(await readFile(join(root, 'dist/lambda', file)));
      }
    }
    await rm(folder, { recursive: true });
  });

  it('uses only metrics that the functions emit, in alarms and dashboards', async () => {
    const metrics = await emittedMetrics();
    const named = (name: string, dimensions: string) => `FlowSecurityKeys ${name} ${dimensions}`;

    const [errors, certificates] = ['DecryptionErrorAlarm', 'CertificateAlarm'].map(
      (name) => most.resources[name]?.Properties,
    );
    const [, metric, namespace, dimensions, service] =
      errors.Metrics[0].Expression.match(/SUM\((\w+)\) FROM SCHEMA\("(\w+)", ([\w, ]+)\) WHERE service = '([^']+)'/) ??
      [];
    expect(metrics).toContain(`${namespace} ${metric} ${dimensions.replaceAll(', ', ',')}`);
    expect(service).toBe('connect-keys');
    expect(certificates.Dimensions).toEqual([{ Name: 'service', Value: 'connect-keys' }]);
    expect(metrics).toContain(`${certificates.Namespace} ${certificates.MetricName} service`);

    for (const [name, code] of [
      ['UseFailedAlarm', 'use_failed'],
      ['UseTimedOutAlarm', 'use_timed_out'],
    ] as const) {
      const { MetricName, Dimensions } = most.resources[name]?.Properties ?? {};
      const [own, ofCode] = Dimensions;
      expect([MetricName, own.Value, ofCode]).toEqual(['UseError', 'connect-keys', { Name: 'code', Value: code }]);
    }
    expect(most.resources['CheckFailedAlarm']?.Properties.MetricName).toBe('CheckFailed');
    expect(most.resources['NotEncryptedAlarm']?.Properties).toMatchObject({ MetricName: 'NotEncrypted', Threshold: 1 });

    const dashboard: string = most.resources['Dashboard']?.Properties.DashboardBody;
    const shown = Array.from(
      JSON.stringify(JSON.parse(dashboard)).matchAll(/\{(\w+),([\w,]+)\} MetricName=[\\"]+(\w+)/g),
    );
    expect(shown.map(([, space, sets, name]) => `${space} ${name} ${sets}`)).toEqual([
      named('DecryptionError', 'service,code'),
      named('ReencryptionError', 'service,code'),
      named('CertificateDaysLeft', 'service,keyId'),
      named('UseError', 'service,code'),
    ]);
    const plain = Array.from(dashboard.matchAll(/\["FlowSecurityKeys", "(\w+)", "service", "connect-keys"\]/g));
    expect(plain.map(([, name = '']) => name)).toEqual([
      'DecryptionSuccess',
      'ReencryptionSuccess',
      'UseSuccess',
      'CheckFailed',
      'NotEncrypted',
    ]);
    for (const [, name = ''] of plain) expect(metrics).toContain(named(name, 'service'));
    for (const [, space, sets, name] of shown) expect(metrics).toContain(`${space} ${name} ${sets}`);
  });
});

function alarmsOf({ resources }: Stack) {
  return Object.values(resources)
    .filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm')
    .map(({ Properties }) => Properties);
}

function runSam(...args: readonly string[]) {
  const env = { ...process.env, SAM_CLI_TELEMETRY: '0', AWS_DEFAULT_REGION: 'us-east-1' };
  return run(sam, [...args], { cwd: root, env });
}

/** The namespace, name and dimensions of each metric that the built functions write. */
async function emittedMetrics(): Promise<ReadonlySet<string>> {
  const prefix = '/certificates-of-the-deployment';
  const [{ keyId, certificate } = { keyId: '', certificate: '' }] = testKeys;
  const name = `${prefix}/${keyId}/certificate`;
  const parameter = { Name: name, Type: 'String', Value: pem('CERTIFICATE', certificate), Overwrite: true } as const;
  await new SSMClient(awsTestClient()).send(new PutParameterCommand(parameter));

  const card = recordingNamed('java rsa2048-card-number');
  const [consumer] = testConsumers;
  const events = [
    ...[card, { ...card, ciphertext: 'Timeout' }].map((recording) => recordedEvent(recording)),
    contactFlowEvent({ 'my-secret-string': card.ciphertext, consumer: `${consumer?.name},nobody` }),
    contactFlowEvent({ cvc: '123' }),
  ];
  const program = `
    const { handler } = await import('./dist/lambda/index.mjs');
    for (const event of JSON.parse(process.env.EVENTS)) await handler(event, { awsRequestId: '1', getRemainingTimeInMillis: () => 8000 });
    // For a function whose code uses the inputs.
    const { log } = (await import('./dist/package/lambda/observer.js')).createObserver(process.env);
    for (const use of ['ok', 'use_failed']) log({ code: 'ok', use, contactId: null, requestId: '1', milliseconds: 1 });
    process.env.KEY_PREFIX = '${prefix}';
    await (await import('./dist/lambda/certificates.mjs')).handler();`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: root,
    env: {
      PATH: process.env['PATH'],
      EVENTS: JSON.stringify(events),
      POWERTOOLS_SERVICE_NAME: 'connect-keys',
      CONSUMERS: '*',
      CHECK: 'my-secret-string=card',
      ...awsSettings(inject('awsEndpoint') ?? ''),
    },
  });
  const lines = stdout.split('\n').filter((line) => line.includes('"_aws"'));
  return new Set(
    lines.flatMap((line) => {
      const { _aws: emitted, service } = JSON.parse(line);
      if (service !== 'connect-keys') throw new Error('The metrics are not of the stack.');
      const [{ Namespace: namespace, Dimensions: sets, Metrics: metrics }] = emitted.CloudWatchMetrics;
      return metrics.flatMap(({ Name: name }: { Name: string }) =>
        sets.map((dimensions: readonly string[]) => `${namespace} ${name} ${dimensions.join(',')}`),
      );
    }),
  );
}
