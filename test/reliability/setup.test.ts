import { readdir, rm } from 'node:fs/promises';
import { SSMClient } from '@aws-sdk/client-ssm';
import { connectSettings } from 'flow-security-keys';
import { functionSettings, readFlow } from 'flow-security-keys/flow';
import { createHandler } from 'flow-security-keys/lambda';
import { ssmKeyStore } from 'flow-security-keys/stores/ssm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { awsTestClient } from '../key-stores/aws.ts';
import { startAws, type TestAws } from '../support/aws.ts';
import { runCli } from '../support/cli.ts';
import { type NewInstance, newInstance } from '../support/setting-up.ts';

const settings = functionSettings([
  { name: 'card', kind: 'card', min: 12, max: 19 },
  { name: 'expiry', kind: 'expiry', min: 4, max: 4 },
  { name: 'cvc', kind: 'cvc', min: 3, max: 4 },
]);

describe.skipIf(inject('awsEndpoint') === null)('flow-keys setup', () => {
  let aws: TestAws;
  let instance: NewInstance;
  const used: unknown[] = [];
  const run = (...args: readonly string[]) =>
    runCli(instance.setup(...args), { environment: instance.environment, cwd: instance.folder });

  beforeAll(async () => {
    aws = await startAws();
    const handler = createHandler({
      keyStore: ssmKeyStore({ client: new SSMClient(awsTestClient(aws.endpoint)) }),
      connect: connectSettings(settings),
      log: () => {},
      started: () => {},
      use: async ({ inputs }) => {
        used.push(Object.keys(inputs));
        return { reference: 'R-1' };
      },
    });
    aws.invoke = (event) =>
      handler(event, { awsRequestId: crypto.randomUUID(), getRemainingTimeInMillis: () => 8_000 });
  });
  afterAll(() => aws.stop());
  beforeEach(async () => {
    used.length = 0;
    instance = await newInstance(aws);
  });
  afterEach(() => rm(instance.folder, { recursive: true }));

  it('shows its plan, and with --dry-run changes nothing', async () => {
    aws.calls.length = 0;
    const plan = await run('--dry-run');
    expect(plan.exitCode).toBe(0);
    expect(plan.stdout).toMatch(
      /1\. key +create an RSA-2048[\s\S]*3\. settings +set FIELDS="card expiry cvc"[\s\S]*8\. call .*asks first/,
    );
    expect(aws.calls.filter((call) => /Put|Delete|PUT|DELETE|POST \/contact|POST .*policy/.test(call))).toEqual([]);
  });

  it('goes from a deployed function to a flow that answers a call', async () => {
    const { exitCode, stdout, stderr } = await run('--yes');
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(stdout).toMatch(/^"Pay by card" is published/);
    expect(stderr).toMatch(/call: the last message was: Thank you\. We have received your details\./);
    expect(used).toEqual([['card', 'expiry', 'cvc']]);
    const [keyId = '', ...others] = aws.connect.securityKeys.keys();
    expect(others).toEqual([]);
    expect((await instance.parameters()).toSorted()).toEqual(
      ['certificate', 'private-key'].map((name) => `/amazon-connect/encryption/${keyId}/${name}`),
    );
    expect(await instance.settings()).toMatchObject(settings);
    const [content = ''] = aws.connect.flows.values();
    expect(content.split(keyId)).toHaveLength(8);
    expect(readFlow(content).Metadata?.['name']).toBe('Pay by card');
    // Everything was created in AWS.
    expect(await readdir(instance.folder)).toEqual([]);
    expect(stderr + stdout).not.toMatch(/PRIVATE KEY|4111111111111111/);
  });

  it('changes nothing the second time', async () => {
    await run('--yes');
    aws.calls.length = 0;
    const again = await run('--no-call');
    expect(again).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/1\. key .*\(done\)/) });
    expect(aws.calls.filter((call) => /Put|Delete|PUT|DELETE|POST \/contact|POST .*policy/.test(call))).toEqual([]);
    expect(used).toHaveLength(1);
  });

  it('asks before each change', async () => {
    expect(await run()).toMatchObject({ exitCode: 7, stderr: expect.stringMatching(/Upload the public key/) });
    expect(aws.connect.securityKeys.size).toBe(0);
  });

  it('uses the stored key that Connect has, and keeps other settings of the function', async () => {
    await run('--yes', '--no-call');
    const [keyId] = aws.connect.securityKeys.keys();
    aws.connect.flows.clear();
    aws.connect.names.clear();
    expect(await run('--yes', '--no-call', '--attempts', '2', '--name', 'Another')).toMatchObject({ exitCode: 0 });
    expect([...aws.connect.securityKeys.keys()]).toEqual([keyId]);
  });

  it('stops if the final check finds a problem', async () => {
    await run('--yes', '--no-call');
    const { invoke } = aws;
    aws.invoke = async () => ({ 'status-code': 500, code: 'key_store_unavailable', detail: 'SSM does not answer.' });
    const stopped = await run('--yes');
    aws.invoke = invoke;
    expect(stopped).toMatchObject({
      exitCode: 8,
      stderr: expect.stringMatching(/key_store_unavailable[\s\S]*Fix first/),
    });
  });
});
