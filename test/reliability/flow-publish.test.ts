import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LambdaClient, UpdateFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import { type FlowDocument, functionSettings, readFlow } from 'flow-security-keys/flow';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { awsTestClient } from '../key-stores/aws.ts';
import { startAws, type TestAws } from '../support/aws.ts';
import { awsSettings } from '../support/aws-settings.ts';
import { answerOf, runCli } from '../support/cli.ts';
import { deployFunction, functionName } from '../support/deployed-function.ts';

const fields = [
  { name: 'card', kind: 'card', min: 12, max: 19, confirm: 'last4' },
  { name: 'expiry', kind: 'expiry', min: 4, max: 4 },
] as const;

describe.skipIf(inject('awsEndpoint') === null)('flow-keys flow publish', () => {
  let aws: TestAws;
  let folder: string;
  let keyId: string;
  let environment: Readonly<Record<string, string>>;
  const run = (...args: readonly string[]) => runCli(args, { environment, cwd: folder });
  const publish = (...args: readonly string[]) =>
    run('flow', 'publish', 'flow.json', '--instance', aws.connect.instanceId, ...args);
  const published = (): FlowDocument => readFlow([...aws.connect.flows.values()][0] ?? '');

  beforeAll(async () => {
    aws = await startAws();
    environment = awsSettings(aws.endpoint);
    folder = await mkdtemp(join(tmpdir(), 'publish-'));
    await deployFunction(aws);
    const instance = ['--instance', aws.connect.instanceId];
    const created = await answerOf(['keys', 'create', '--store', 'ssm', '--out', join(folder, 'key')], { environment });
    const key = ['keys', 'associate', ...instance, '--private-key', created.privateKey.keyId];
    keyId = (await answerOf(key, { environment })).keyId;
  });
  afterAll(async () => {
    await aws.stop();
    await rm(folder, { recursive: true });
  });
  beforeEach(async () => {
    aws.connect.flows.clear();
    aws.connect.modules.clear();
    aws.connect.problems = () => [];
    for (const file of await readdir(folder)) if (file.endsWith('.json')) await rm(join(folder, file));
    await configure(functionSettings(fields));
    await write();
  });

  async function configure(Variables: Record<string, string>): Promise<void> {
    const lambda = new LambdaClient(awsTestClient(aws.endpoint));
    await lambda.send(
      new UpdateFunctionConfigurationCommand({ FunctionName: functionName, Environment: { Variables } }),
    );
  }

  async function write(...args: readonly string[]): Promise<void> {
    await rm(join(folder, 'flow.json'), { force: true });
    const flow = ['--key-id', keyId, '--function', functionName, '--name', 'Pay by card', '--out', 'flow.json'];
    const asked = ['--field', 'card:confirm=last4', '--field', 'expiry'];
    expect(await run('flow', 'write', ...flow, ...asked, ...args)).toMatchObject({ exitCode: 0 });
  }

  it('creates the flow under its name, and changes nothing the second time', async () => {
    expect(await publish('--yes')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^Pay by card: created/),
    });
    expect([...aws.connect.names.values()]).toContain('Pay by card');
    expect(published()).toEqual(readFlow(await readFile(join(folder, 'flow.json'), 'utf8')));
    expect(await publish()).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/unchanged/) });
  });

  it('asks first', async () => {
    expect(await publish()).toMatchObject({
      exitCode: 7,
      stderr: expect.stringMatching(/Create and publish flow "Pay by card"/),
    });
    expect(aws.connect.flows.size).toBe(0);
  });

  it('updates it, and keeps the previous content in a file', async () => {
    await publish('--yes');
    const before = [...aws.connect.flows.values()][0];
    await write('--attempts', '2');
    const { stdout } = await publish('--yes');
    const former = stdout.match(/previous content is in (\S+\.json)/)?.[1] ?? '';
    expect(await readFile(join(folder, former), 'utf8')).toBe(before);
    expect(published()).toEqual(readFlow(await readFile(join(folder, 'flow.json'), 'utf8')));
  });

  it('does not overwrite a change made in the meantime', async () => {
    await publish('--yes');
    await write('--attempts', '2');
    const [[id = '', content = ''] = []] = aws.connect.flows;
    const edited = content.replace('Please enter', 'Kindly enter');
    // Between its two reads.
    const reading = 'connect:GET /contact-flows/*/*';
    const count = aws.calls.filter((call) => call === reading).length;
    const put = aws.connect.answer;
    aws.connect.answer = (method, url, body) => {
      const answered = put(method, url, body);
      if (aws.calls.filter((call) => call === reading).length === count + 1) aws.connect.flows.set(id, edited);
      return answered;
    };
    const refused = await publish('--yes');
    aws.connect.answer = put;
    expect(refused).toMatchObject({
      exitCode: 8,
      stderr: expect.stringMatching(/Somebody else just changed flow "Pay by card"/),
    });
    expect(aws.connect.flows.get(id)).toBe(edited);
  });

  it('shows the problems that AWS finds with their block', async () => {
    aws.connect.problems = () => ['Invalid Action property value. Path: Actions[3].Parameters.Text'];
    const refused = await publish('--yes');
    expect(refused).toMatchObject({ exitCode: 3, stderr: expect.stringMatching(/nothing was published/) });
    expect(refused.stderr).toContain(
      `"${readFlow(await readFile(join(folder, 'flow.json'), 'utf8')).Actions[3]?.Identifier}"`,
    );
  });

  it('publishes nothing if the check finds an error', async () => {
    const flow = JSON.parse(await readFile(join(folder, 'flow.json'), 'utf8'));
    const changed = JSON.stringify(flow).replace('"Disabled"', '"Enabled"');
    await writeFile(join(folder, 'flow.json'), changed);
    expect(await publish('--yes')).toMatchObject({ exitCode: 8, stderr: expect.stringMatching(/logging_on/) });
    expect(aws.connect.flows.size).toBe(0);
  });

  it('publishes nothing if the function does not reveal the last four digits that the flow speaks', async () => {
    await configure({ ...functionSettings(fields), REVEAL: 'none' });
    expect(await publish('--yes')).toMatchObject({
      exitCode: 8,
      stderr: expect.stringMatching(/REVEAL of flow-security-keys does not show[\s\S]*Set REVEAL="none card=last4"/),
    });
    expect(aws.connect.flows.size).toBe(0);
  });

  it('distinguishes modules and transfer flows from other flows', async () => {
    await write('--module');
    expect(await publish('--yes')).toMatchObject({ exitCode: 0 });
    expect([aws.connect.modules.size, aws.connect.flows.size]).toEqual([1, 0]);
    await write('--module', '--attempts', '2');
    expect(await publish('--yes')).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/updated/) });
    await write('--agent');
    expect(await publish('--yes')).toMatchObject({ exitCode: 0 });
    expect([...aws.connect.types.values()]).toContain('QUEUE_TRANSFER');
    await write();
    expect(await publish('--yes')).toMatchObject({
      exitCode: 8,
      stderr: expect.stringMatching(/of type QUEUE_TRANSFER/),
    });
  });

  it('finds key, function and queue by name in another instance', async () => {
    const { otherConnect: other, connect } = aws;
    const queue = 'aaaaaaaa-1111-4222-8333-444444444444';
    const otherQueue = 'bbbbbbbb-1111-4222-8333-444444444444';
    const [prompt, otherPrompt] = ['cccccccc-1111-4222-8333-444444444444', 'dddddddd-1111-4222-8333-444444444444'];
    connect.queues.set(queue, 'Payments');
    connect.prompts.set(prompt, 'Goodbye.wav');
    await write('--then', `queue:${queue}`);
    const created = await answerOf(['keys', 'create', '--store', 'ssm', '--out', join(folder, 'other')], {
      environment,
    });
    const instance = ['--instance', other.instanceId];
    const associate = ['keys', 'associate', ...instance, '--private-key', created.privateKey.keyId];
    const otherKeyId = (await answerOf(associate, { environment })).keyId;
    const move = () => run('flow', 'publish', 'flow.json', ...instance, '--from', connect.instanceId, '--yes');
    expect(await move()).toMatchObject({
      exitCode: 8,
      stderr: expect.stringMatching(/no function "flow-security-keys"/),
    });
    for (const arn of connect.functions) other.functions.add(arn);
    expect(await move()).toMatchObject({ exitCode: 8, stderr: expect.stringMatching(/no queue "Payments"/) });
    other.queues.set(otherQueue, 'Payments');
    const spoken = JSON.parse(await readFile(join(folder, 'flow.json'), 'utf8'));
    const greeting = spoken.Actions.find(({ Type }: { readonly Type: string }) => Type === 'MessageParticipant');
    greeting.Parameters = { PromptId: prompt };
    await writeFile(join(folder, 'flow.json'), JSON.stringify(spoken));
    expect(await move()).toMatchObject({ exitCode: 8, stderr: expect.stringMatching(/no prompt "Goodbye.wav"/) });
    other.prompts.set(otherPrompt, 'Goodbye.wav');
    expect(await move()).toMatchObject({ exitCode: 0 });
    const [content = ''] = other.flows.values();
    expect(content).toContain(otherQueue);
    expect(content).not.toContain(queue);
    expect(content).toContain(otherPrompt);
    expect(content).not.toContain(prompt);
    expect(content).not.toContain(keyId);
    expect(content.split(otherKeyId)).toHaveLength(6);
    expect(await run('flow', 'check', 'flow.json', ...instance)).toMatchObject({ exitCode: 4 });
    await writeFile(join(folder, 'moved.json'), content);
    expect(await run('flow', 'check', 'moved.json', ...instance)).toMatchObject({ exitCode: 0 });
  });

  it('compares a flow with the function that it invokes, with --function', async () => {
    expect(await run('flow', 'check', 'flow.json', '--function', functionName)).toMatchObject({ exitCode: 0 });
    await configure({ ...functionSettings(fields), FIELDS: 'card' });
    const compared = await run('flow', 'check', 'flow.json', '--function', functionName);
    expect(compared).toMatchObject({ exitCode: 4, stdout: expect.stringMatching(/FIELDS .*does not name "expiry"/) });
    await publish('--yes');
    const doctor = await run('doctor', '--key-id', keyId, '--function', functionName, '--flow', 'flow.json');
    expect(doctor).toMatchObject({
      exitCode: 4,
      stdout: expect.stringMatching(/PROBLEM +settings +FIELDS does not name/),
    });
  });
});
