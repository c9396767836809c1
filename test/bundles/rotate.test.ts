import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { startAws, type TestAws } from '../support/aws.ts';
import { answerOf, runCli, startCli } from '../support/cli.ts';
import { type RotatingInstance, rotatingInstance } from '../support/rotation.ts';

describe.skipIf(inject('awsEndpoint') === null)('flow-keys rotate, when it is killed and run again,', () => {
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

  it('allows the new key for consumers before callers get it', {
    timeout: 60_000,
  }, async () => {
    const { environment, folder, keyId } = instance;
    const publicKey = ['--public-key', join(folder, 'public-key.pem'), '--field', 'card'];
    await runCli(['consumer', 'add', 'billing', ...publicKey, '--key-id', keyId], { environment });
    await runCli(['consumer', 'add', 'ledger', ...publicKey, '--key-id', 'another'], { environment });
    // The fifth parameter that is stored: after the provisional key and its certificate, and the key and its certificate.
    const killed = aws.hold('ssm:PutParameter', 'after', 5);
    const { child, ended } = startCli(instance.rotation('--yes', '--consumer-wait', '2'), { environment });
    await killed;
    child.kill('SIGKILL');
    await ended;
    aws.release();
    expect(flow()).toContain(keyId);

    const begun = Date.now();
    expect(await run('--yes', '--consumer-wait', '2')).toMatchObject({ exitCode: 0 });
    // Services cache the old document of the consumer for a while.
    expect(Date.now() - begun).toBeGreaterThan(1_000);
    const { consumers } = await answerOf(['consumer', 'list'], { environment });
    const [newKeyId] = held();
    expect(consumers).toMatchObject([{ keyIds: [keyId, newKeyId] }, { keyIds: ['another'] }]);
    for (const name of ['billing', 'ledger']) await runCli(['consumer', 'remove', name, '--yes'], { environment });
  });

  it('waits the whole time again, and asks before it removes the old key', {
    timeout: 60_000,
  }, async () => {
    const waiting = startCli(instance.rotation('--yes', '--wait', '0.05'), { environment: instance.environment });
    await waiting.wrote('hand out: done');
    waiting.child.kill('SIGKILL');
    await waiting.ended;
    const begun = Date.now();
    const asked = await run('--wait', '0.05');
    expect(Date.now() - begun).toBeGreaterThan(1_500);
    expect(asked).toMatchObject({ exitCode: 7, stderr: expect.stringMatching(/Remove key id .* from Connect\?/) });
    expect(held()).toHaveLength(2);
  });

  it('does not remove a key that a flow uses again', async () => {
    const before = flow();
    const waiting = startCli(instance.rotation('--yes', '--wait', '10'), { environment: instance.environment });
    await waiting.wrote('hand out: done');
    waiting.child.kill('SIGKILL');
    await waiting.ended;
    aws.connect.flows.set(instance.flowId, before);
    const refused = await run('--yes');
    expect(refused).toMatchObject({
      exitCode: 8,
      stderr: expect.stringMatching(/still contains key id .*; replace it/),
    });
    expect(held()).toHaveLength(2);
  });
});
