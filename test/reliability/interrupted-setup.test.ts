import { rm } from 'node:fs/promises';
import { SSMClient } from '@aws-sdk/client-ssm';
import { connectSettings } from 'flow-security-keys';
import { createHandler } from 'flow-security-keys/lambda';
import { ssmKeyStore } from 'flow-security-keys/stores/ssm';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { awsTestClient } from '../key-stores/aws.ts';
import { startAws, type TestAws } from '../support/aws.ts';
import { awsSettings } from '../support/aws-settings.ts';
import { startCli } from '../support/cli.ts';
import { hasEmulator, startEmulator } from '../support/emulator.ts';
import { newInstance } from '../support/setting-up.ts';

/** The calls of a setup that change something in AWS, and how often each happens. */
const changes = {
  'ssm:PutParameter': 4,
  'connect:PUT /instance/*/security-key': 1,
  'ssm:DeleteParameters': 1,
  'lambda:PUT /2015-03-31/functions/flow-security-keys/configuration': 1,
  'lambda:POST /2015-03-31/functions/flow-security-keys/policy': 1,
  'connect:PUT /instance/*/lambda-function': 1,
  'connect:PUT /contact-flows/*': 1,
};
/** Its calls that read, and the invocation of the function, each the first time. */
const readings = [
  'connect:GET /instance/*/security-keys',
  'ssm:DescribeParameters',
  'ssm:GetParameter',
  'lambda:GET /2015-03-31/functions/flow-security-keys/configuration',
  'lambda:GET /2015-03-31/functions/flow-security-keys/policy',
  'connect:GET /instance/*/lambda-functions',
  'connect:GET /contact-flows/*/*',
  'kms:DescribeKey',
  'lambda:GET /2015-03-31/functions/flow-security-keys',
  'lambda:GET /2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Aflow-security-keys/policy',
  'connect:GET /contact-flows-summary/*',
  'connect:GET /contact-flow-modules-summary/*',
  'lambda:GET /2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Aflow-security-keys/configuration',
  'lambda:POST /2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Aflow-security-keys/invocations',
];

const times = (when: 'before' | 'after') =>
  Object.entries(changes).flatMap(([operation, count]) =>
    Array.from({ length: count }, (_, index) => [when, operation, index + 1] as const),
  );

describe.skipIf(inject('awsEndpoint') === null)('A setup that is killed', { timeout: 60_000 }, () => {
  let aws: TestAws;
  beforeAll(async () => {
    aws = await startAws();
    const client = new SSMClient(awsTestClient(aws.endpoint));
    const connect = connectSettings({ CHECK: 'card=card expiry=expiry cvc=digits:3-4', REVEAL: 'none' });
    const handler = createHandler({ keyStore: ssmKeyStore({ client }), connect, log: () => {} });
    const context = { awsRequestId: 'request', getRemainingTimeInMillis: () => 8_000 };
    aws.invoke = (event) => handler(event, context);
  });
  afterAll(() => aws.stop());

  const setUp = ({ setup, environment, folder }: Awaited<ReturnType<typeof newInstance>>) =>
    startCli(setup('--yes'), { environment, cwd: folder });

  it('is killed at every call that changes something, and at each kind of read', async () => {
    const instance = await newInstance(aws);
    aws.calls.length = 0;
    expect(await setUp(instance).ended).toMatchObject({ exitCode: 0 });
    const counted = Object.entries(Object.groupBy(aws.calls, (call) => call)).map(([call, those]) => [
      call,
      those?.length,
    ]);
    const isListed = ([call]: readonly unknown[]) => readings.includes(String(call));
    expect(Object.fromEntries(counted.filter((entry) => !isListed(entry)))).toEqual(changes);
    expect(
      counted
        .filter(isListed)
        .map(([call]) => call)
        .toSorted(),
    ).toEqual(readings.toSorted());
    await rm(instance.folder, { recursive: true });
  });

  it.for([...times('before'), ...times('after'), ...readings.map((operation) => ['before', operation, 1] as const)])(
    'goes on when it is run again: %s %s, call %i',
    async ([when, operation, time]) => {
      const instance = await newInstance(aws);
      const killed = aws.hold(operation, when, time);
      const { child, ended } = setUp(instance);
      await killed;
      child.kill('SIGKILL');
      await ended;
      aws.release();
      expect(await setUp(instance).ended).toMatchObject({
        exitCode: 0,
        stderr: expect.stringMatching(/call: the last message was: Thank you/),
      });
      const [keyId = '', ...others] = aws.connect.securityKeys.keys();
      expect(others).toEqual([]);
      expect((await instance.parameters()).toSorted()).toEqual(
        ['certificate', 'private-key'].map((name) => `/amazon-connect/encryption/${keyId}/${name}`),
      );
      expect(aws.connect.flows.size).toBe(1);
      await rm(instance.folder, { recursive: true });
    },
  );
});

describe.skipIf(inject('awsEndpoint') === null || !hasEmulator())('A setup', { timeout: 60_000 }, () => {
  it('ends with a call that the function answers in the Lambda runtime', async () => {
    const aws = await startAws();
    const instance = await newInstance(aws);
    let function_: Awaited<ReturnType<typeof startEmulator>> | undefined;
    aws.invoke = async (event) => {
      // Lambda starts a function with the settings at its first invocation.
      function_ ??= await startEmulator('index.handler', {
        ...awsSettings(aws.endpoint),
        ...(await instance.settings()),
      });
      return JSON.parse(await function_.invoke(event));
    };
    const { setup, environment, folder } = instance;
    const run = await startCli(setup('--yes'), { environment, cwd: folder }).ended;
    expect(run).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/call: the last message was: Thank you/) });
    expect(function_?.written()).not.toContain('4111111111111111');
    await function_?.stop();
    await aws.stop();
    await rm(folder, { recursive: true });
  });
});
