import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { functionSettings, kindLengths } from 'flow-security-keys/flow';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startAws, type TestAws } from '../support/aws.ts';
import { awsSettings } from '../support/aws-settings.ts';
import { deployFunction, functionName } from '../support/deployed-function.ts';
import { type EmulatedFunction, hasEmulator, startEmulator } from '../support/emulator.ts';
import { hasPython } from '../support/python.ts';
import { startWorkerd } from '../support/workerd.ts';
import { bash, commandsOf, endsAll, freePort, makeClone, replaced } from './clone.ts';

let folder: string;
beforeEach(async () => {
  folder = await makeClone();
});
afterEach(() => rm(folder, { recursive: true }));

const install = ['npm ci && npm run build', ':'] as const;

describe("The README's way from a clone to a test call", { timeout: 120_000 }, () => {
  it.each(['lambda', 'self-hosting', 'workers'])('takes eight commands at most for %s', async (name) => {
    const commands = await commandsOf('README.md', name);
    expect(commands[0]).toBe('npm ci && npm run build');
    expect(commands.length).toBeLessThanOrEqual(8);
  });

  it('leads to a service on Node that decrypts', async () => {
    const port = String(await freePort());
    const commands = replaced(await commandsOf('README.md', 'self-hosting'), [install, ['8080', port]]);
    expect(await bash(folder, [endsAll, ...commands])).toContain('"plaintext":"4444444444444444"');
  });

  it('leads to a Worker that decrypts', async () => {
    const commands = replaced(await commandsOf('README.md', 'workers'), [
      install,
      ['npx wrangler deploy --env staging', ':'],
      ['npx wrangler secret put --env staging ', 'cat > secrets/'],
      ['https://flow-security-keys-staging.$SUBDOMAIN.workers.dev', '$WORKER'],
    ]);
    const secrets = join(folder, 'secrets');
    await mkdir(secrets);
    const call = commands.length - 1;
    await bash(folder, [...commands.slice(0, call), 'echo $CIPHERTEXT > ciphertext.txt']);
    const files = await readdir(secrets);
    const bindings = files.map(async (name) => [name, await readFile(join(secrets, name), 'utf8')] as const);
    const worker = await startWorkerd(Object.fromEntries(await Promise.all(bindings)));
    try {
      const output = await bash(folder, ['CIPHERTEXT=$(< ciphertext.txt)', ...commands.slice(call)], {
        WORKER: worker.origin,
      });
      expect(output).toContain('"plaintext":"4444444444444444"');
    } finally {
      await worker.stop();
    }
  });

  describe.skipIf(!hasPython() || !hasEmulator())('on AWS', () => {
    let aws: TestAws;
    let emulated: EmulatedFunction;
    beforeEach(async () => {
      aws = await startAws();
      const fields = (['card', 'expiry', 'cvc'] as const).map((kind) => ({ name: kind, kind, ...kindLengths[kind] }));
      emulated = await startEmulator('index.handler', { ...awsSettings(aws.endpoint), ...functionSettings(fields) });
      aws.invoke = async (event) => JSON.parse(await emulated.invoke(event));
      await deployFunction(aws);
    });
    afterEach(async () => {
      await emulated.stop();
      await aws.stop();
    });

    it('leads to a flow with a call that the function answers', async () => {
      const [deployment = '', ...others] = (await commandsOf('README.md', 'lambda')).filter((command) =>
        /^sam deploy /.test(command),
      );
      expect(others).toEqual([]);
      const commands = replaced(await commandsOf('README.md', 'lambda'), [
        install,
        // Nobody can answer.
        ['--field cvc', '--field cvc --yes 2>&1'],
        [deployment, `aws cloudformation create-stack --stack-name connect-keys --template-body '${stackOfOutputs}'`],
      ]);
      const output = await bash(folder, commands, {
        ...awsSettings(aws.endpoint),
        AWS_DEFAULT_REGION: 'us-east-1',
        INSTANCE_ARN: `arn:aws:connect:us-east-1:123456789012:instance/${aws.connect.instanceId}`,
      });
      expect(output).toContain('call: the last message was: Thank you. We have received your details.');
      expect(output).toContain('"Secure input" is published');
      expect(await readdir(folder)).not.toContain('private-key.pem');
    });
  });
});

// The outputs of the template, for the function in the emulator.
const stackOfOutputs = JSON.stringify({
  Resources: { Nothing: { Type: 'AWS::CloudFormation::WaitConditionHandle' } },
  Outputs: { FunctionArn: { Value: 'not this one' }, FunctionName: { Value: functionName } },
});
