import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startAws, type TestAws } from '../support/aws.ts';
import { answerOf, runCli, startCli } from '../support/cli.ts';
import { type RotatingInstance, rotatingInstance } from '../support/rotation.ts';

/** The calls of a rotation that change something in AWS, and how often each happens. */
const changes = {
  'ssm:PutParameter': 4,
  'connect:PUT /instance/*/security-key': 1,
  'ssm:DeleteParameters': 1,
  'connect:POST /contact-flows/*/*/content': 1,
  'connect:DELETE /instance/*/security-key/*': 1,
};
/** Some of its calls that read. */
const readings = {
  'connect:GET /instance/*/security-keys': 3,
  'ssm:GetParameter': 3,
  'connect:GET /contact-flows/*/*': 2,
};

const times = (calls: Readonly<Record<string, number>>, when: 'before' | 'after') =>
  Object.entries(calls).flatMap(([operation, count]) =>
    Array.from({ length: count }, (_, index) => [when, operation, index + 1] as const),
  );

describe.skipIf(inject('awsEndpoint') === null)('A rotation that is killed', { timeout: 60_000 }, () => {
  let aws: TestAws;
  beforeAll(async () => {
    aws = await startAws();
  });
  afterAll(() => aws.stop());

  it('is killed at every call that changes something', async () => {
    const instance = await rotatingInstance(aws);
    aws.calls.length = 0;
    await runCli(instance.rotation('--yes'), { environment: instance.environment });
    const isReading = (call: string) => /:GET |:Get|:Describe/.test(call);
    const called = Object.groupBy(aws.calls, (call) => (isReading(call) ? 'reading' : call));
    const counted = Object.entries(called).map(([call, those]) => [call, those?.length ?? 0]);
    expect(Object.fromEntries(counted.filter(([call]) => call !== 'reading'))).toEqual(changes);
    expect(aws.calls).toEqual(expect.arrayContaining(Object.keys(readings)));
    await rm(instance.folder, { recursive: true });
  });

  it.for([...times(changes, 'before'), ...times(changes, 'after'), ...times(readings, 'before')])(
    'goes on when it is run again: %s %s, call %i',
    async ([when, operation, time]) => {
      const instance = await rotatingInstance(aws);
      const { environment, keyId, folder } = instance;
      const old = await answerOf([
        'encrypt',
        '4444',
        '--certificate',
        join(folder, 'certificate.pem'),
        '--key-id',
        keyId,
      ]);
      const opens = async (ciphertext: string) =>
        (await runCli(['decrypt', ciphertext, '--reveal'], { environment })).stdout.trim();

      const killed = aws.hold(operation, when, time);
      const { child, ended } = startCli(instance.rotation('--yes'), { environment });
      await killed;
      child.kill('SIGKILL');
      await ended;
      aws.release();

      // The key in the flow works, and so does the old one.
      expect(await opens(old.ciphertext)).toBe('4444');
      expect(await opens((await callerInput(instance)).ciphertext)).toBe('4444');

      expect(await runCli(instance.rotation('--yes'), { environment })).toMatchObject({ exitCode: 0 });
      const [newKeyId = '', ...others] = aws.connect.securityKeys.keys();
      expect({ others, isNew: newKeyId !== keyId }).toEqual({ others: [], isNew: true });
      const caller = await callerInput(instance);
      expect(caller.keyId).toBe(newKeyId);
      expect(await opens(caller.ciphertext)).toBe('4444');
      expect(await opens(old.ciphertext)).toBe('4444');
      const { keys } = await answerOf(['keys', 'list'], { environment });
      const stored: readonly string[] = keys.map((key: { readonly keyId: string }) => key.keyId);
      expect(stored).toContain(newKeyId);
      expect(stored.filter((id) => id.startsWith('new-'))).toEqual([]);
      await rm(folder, { recursive: true });
    },
  );

  /** What Connect encrypts when somebody calls the current flow. */
  async function callerInput({ folder, flowId }: RotatingInstance) {
    const flow = JSON.parse(aws.connect.flows.get(flowId) ?? '');
    const input = flow.Actions.find(({ Type }: { readonly Type: string }) => Type === 'GetParticipantInput');
    const { EncryptionKeyId: keyId, Key: certificate } = input.Parameters.InputEncryption;
    const file = join(folder, 'of-the-flow.pem');
    await writeFile(file, certificate);
    const { ciphertext } = await answerOf(['encrypt', '4444', '--certificate', file, '--key-id', keyId]);
    return { keyId, ciphertext };
  }
});
