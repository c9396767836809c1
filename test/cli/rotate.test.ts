import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { pem, testKeys } from '../recordings/recordings.ts';
import { startAws, type TestAws } from '../support/aws.ts';
import { answerOf, runCli } from '../support/cli.ts';
import { type RotatingInstance, rotatingInstance } from '../support/rotation.ts';

const [testKey] = testKeys;
const otherCertificate = pem('CERTIFICATE', testKey?.certificate ?? '');

/** A flow whose inputs have another certificate. */
function withCertificate(content: string, certificate: string): string {
  const flow = JSON.parse(content);
  for (const { Parameters } of flow.Actions)
    if (Parameters.InputEncryption) Parameters.InputEncryption.Key = certificate;
  return JSON.stringify(flow);
}

describe.skipIf(inject('awsEndpoint') === null)('flow-keys rotate', () => {
  let aws: TestAws;
  let instance: RotatingInstance;
  const run = (...args: string[]) => runCli(instance.rotation(...args), { environment: instance.environment });
  const held = () => [...aws.connect.securityKeys.keys()];
  const flow = () => aws.connect.flows.get(instance.flowId) ?? '';

  beforeAll(async () => {
    aws = await startAws();
  });
  afterAll(() => aws.stop());
  beforeEach(async () => {
    instance = await rotatingInstance(aws);
  });
  afterEach(() => rm(instance.folder, { recursive: true }));

  it('prints the plan, and only that with --dry-run', async () => {
    const before = [...aws.connect.flows.values()];
    aws.calls.length = 0;
    const plan = await run('--dry-run');
    expect(plan.exitCode).toBe(0);
    expect(plan.stdout).toMatch(
      /1\. create +create an RSA-2048 key pair[\s\S]*6\. hand out +publish the flows[^\n]*asks first[\s\S]*8\. retire +remove/,
    );
    expect(plan.stdout).toContain(instance.keyId);
    expect(held()).toEqual([instance.keyId]);
    expect([...aws.connect.flows.values()]).toEqual(before);
    expect(aws.calls.filter((call) => /Put|Delete|PUT|DELETE|POST \/contact/.test(call))).toEqual([]);
    expect(await readdir(instance.folder)).not.toContain('rotation.json');
  });

  it('replaces the key in modules', async () => {
    const module = crypto.randomUUID();
    aws.connect.modules.set(module, flow());
    expect(await run('--yes', '--flow', module)).toMatchObject({ exitCode: 0 });
    const content = aws.connect.modules.get(module) ?? '';
    expect(content).not.toContain(instance.keyId);
    expect(content.split(held()[0] ?? '')).toHaveLength(6);
    aws.connect.modules.clear();
  });

  it('replaces the key in Connect, in the store and in the flows', async () => {
    const input = { environment: instance.environment };
    const certificate = ['--certificate', join(instance.folder, 'certificate.pem'), '--key-id', instance.keyId];
    const { ciphertext } = await answerOf(['encrypt', '4444444444444444', ...certificate]);
    const { exitCode, stdout, stderr } = await run('--yes');
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(stdout).toContain(`${instance.keyId} is retired`);

    const [newKeyId = '', ...others] = held();
    expect(others).toEqual([]);
    expect(newKeyId).not.toBe(instance.keyId);
    expect(flow()).not.toContain(instance.keyId);
    expect(flow()).not.toContain(JSON.stringify(instance.certificate).slice(1, -1));
    // The key ids of the input blocks and of the function's parameter.
    expect(flow().split(newKeyId)).toHaveLength(6);
    const checked = ['flow', 'check', '-', '--instance', aws.connect.instanceId];
    expect(await runCli(checked, { ...input, input: flow() })).toMatchObject({ exitCode: 0 });

    // Messages in flight under the old key can still be decrypted.
    expect(await runCli(['decrypt', ciphertext, '--reveal'], input)).toMatchObject({ stdout: '4444444444444444\n' });
    const files = await readdir(instance.folder);
    expect(files).not.toContain('rotation.json');
    const before = await readFile(join(instance.folder, `rotation.json.flow-${instance.flowId}.before.json`), 'utf8');
    expect(before).toContain(instance.keyId);
    expect(stdout + stderr).not.toContain('PRIVATE KEY');
  });

  it('asks before calls use the new key, and before it removes the old one', async () => {
    const waiting = await run();
    expect(waiting).toMatchObject({
      exitCode: 7,
      stderr: expect.stringMatching(/Publish the flow with the new key\?.*--yes/),
    });
    expect(held()).toHaveLength(2);
    expect(flow()).toContain(instance.keyId);
    const plan = await run('--dry-run');
    expect(plan.stdout).toMatch(/3\. store[^\n]*\(done\)[\s\S]*6\. hand out(?![^\n]*\(done\))/);
    expect(await run('--yes')).toMatchObject({ exitCode: 0 });
    expect(held()).toHaveLength(1);
    expect(flow()).toContain(held()[0]);
  });

  it('lets you change the flows by hand', async () => {
    const withoutFlow = instance.rotation().filter((arg) => arg !== '--flow' && arg !== instance.flowId);
    const { environment } = instance;
    const stopped = await runCli([...withoutFlow, '--yes'], { environment });
    expect(stopped).toMatchObject({
      exitCode: 7,
      stderr: expect.stringMatching(/run the same command again with --handed-out/),
    });
    expect(held()).toHaveLength(2);
    expect(await readFile(join(instance.folder, 'rotation.json.certificate.pem'), 'utf8')).toContain(
      'BEGIN CERTIFICATE',
    );
    expect(await runCli([...withoutFlow, '--yes', '--handed-out'], { environment })).toMatchObject({ exitCode: 0 });
    expect(held()).toHaveLength(1);
  });

  it('accepts --handed-out only for a key that it has shown', async () => {
    const withoutFlow = instance
      .rotation('--yes', '--handed-out')
      .filter((arg) => arg !== '--flow' && arg !== instance.flowId);
    const { environment, keyId } = instance;
    const stopped = await runCli(withoutFlow, { environment });
    const [, newKeyId = 'none'] = held();
    expect(stopped).toMatchObject({ exitCode: 7, stderr: expect.stringContaining(newKeyId) });
    expect(held()).toContain(keyId);
    expect((await runCli(withoutFlow, { environment })).exitCode).toBe(0);
    expect(held()).toEqual([newKeyId]);
  });

  const unswappable: readonly (readonly [what: string, change: (content: string) => string])[] = [
    ['reads its certificate from an attribute', (content) => withCertificate(content, '$.Attributes.certificate')],
    [
      'carries a damaged certificate',
      (content) => withCertificate(content, instance.certificate.replaceAll('\n', ' ')),
    ],
    ["carries another key's certificate", (content) => withCertificate(content, otherCertificate)],
    ['carries no key at all', (content) => content.replaceAll(instance.keyId, 'another')],
  ];
  it.for(unswappable)('creates and publishes nothing for a flow that %s', async ([, change]) => {
    const content = change(flow());
    aws.connect.flows.set(instance.flowId, content);
    expect(await run('--yes')).toMatchObject({ exitCode: 8, stderr: expect.stringMatching(/by hand/) });
    expect(held()).toEqual([instance.keyId]);
    expect(flow()).toBe(content);
    expect(aws.calls.at(-1)).not.toMatch(/PutParameter/);
  });

  it('publishes several flows or none', async () => {
    const other = crypto.randomUUID();
    aws.connect.flows.set(other, flow());
    expect(await run('--yes', '--flow', other)).toMatchObject({ exitCode: 0 });
    const [newKeyId = ''] = held();
    for (const content of aws.connect.flows.values()) expect(content).toContain(newKeyId);

    aws.connect.flows.set('broken', flow().replaceAll(newKeyId, 'another'));
    expect(await run('--yes', '--flow', other, '--flow', 'broken')).toMatchObject({ exitCode: 8 });
    expect(held()).toEqual([newKeyId]);
    expect(flow()).toContain(newKeyId);
  });

  it('keeps the new private key while the store does not return it yet', async () => {
    await run();
    // As if it had just been stored, so that nobody finds it yet.
    const state = join(instance.folder, 'rotation.json');
    const { provisionalId } = JSON.parse(await readFile(state, 'utf8'));
    expect(provisionalId).toMatch(/^new-/);
    aws.fail('ssm:GetParameter', 'ParameterNotFound', 50);
    const lagging = await run('--yes');
    expect(lagging).toMatchObject({
      exitCode: 8,
      stderr: expect.stringMatching(/does not return the private key .* yet; run the same command again/),
    });
    expect(held()).toHaveLength(2);
    aws.release();
    expect(await run('--yes')).toMatchObject({ exitCode: 0 });
    expect(held()).toHaveLength(1);
    expect(flow()).toContain(held()[0]);
  });

  it('does not continue from a state that is damaged or of another instance or key', async () => {
    await run();
    const state = join(instance.folder, 'rotation.json');
    const text = await readFile(state, 'utf8');
    const other = { ...JSON.parse(text), instance: crypto.randomUUID() };
    const otherKey = { ...JSON.parse(text), oldKeyId: crypto.randomUUID() };
    for (const [changed, exitCode, args] of [
      [other, 8, []],
      [otherKey, 8, ['--key-id', instance.keyId]],
      [{ ...JSON.parse(text), handedOutAt: 'yesterday' }, 3, []],
    ] as const) {
      await writeFile(state, JSON.stringify(changed));
      expect(await run('--yes', ...args)).toMatchObject({ exitCode });
      expect(held()).toHaveLength(2);
    }
  });

  it('rejects another instance, a key that Connect does not have, and another rotation’s state', async () => {
    expect(await run('--key-id', crypto.randomUUID())).toMatchObject({
      exitCode: 8,
      stderr: expect.stringMatching(/does not have key id .* has/),
    });
    expect(await run('--instance', crypto.randomUUID())).toMatchObject({
      exitCode: 6,
      stderr: expect.stringMatching(/check the name or id/),
    });
    await run();
    expect(await run('--store', 'secrets-manager')).toMatchObject({
      exitCode: 8,
      stderr: expect.stringMatching(/finish that rotation first/),
    });
  });

  it('publishes nothing if the new key does not work with the service', async () => {
    aws.invoke = async () => ({
      'status-code': 500,
      data: { success: false },
      code: 'key_store_unavailable',
      detail: 'denied',
    });
    const refused = await run('--yes', '--function', 'flow-security-keys');
    expect(refused).toMatchObject({
      exitCode: 8,
      stderr: expect.stringMatching(/does not work with function.*key_store_unavailable/),
    });
    expect(flow()).toContain(instance.keyId);
    expect(held()).toHaveLength(2);
  });
});
