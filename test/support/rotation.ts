import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestAws } from './aws.ts';
import { awsSettings } from './aws-settings.ts';
import { answerOf, runCli } from './cli.ts';

export const functionArn = 'arn:aws:lambda:us-east-1:123456789012:function:flow-security-keys';

/** An instance with one key, its private key in SSM, and a flow that uses it. */
export interface RotatingInstance {
  /** The directory with its files, such as the state of a rotation. */
  readonly folder: string;
  readonly keyId: string;
  readonly flowId: string;
  /** The arguments of `flow-keys rotate`, followed by more arguments. */
  rotation(...args: readonly string[]): readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** The certificate of the first key. */
  readonly certificate: string;
}

/** Creates the instance again, with the command line. */
export async function rotatingInstance(aws: TestAws): Promise<RotatingInstance> {
  aws.connect.securityKeys.clear();
  aws.connect.flows.clear();
  const folder = await mkdtemp(join(tmpdir(), 'rotation-'));
  const environment = awsSettings(aws.endpoint);
  const options = { environment };
  const instance = ['--instance', aws.connect.instanceId];
  const certificate = join(folder, 'certificate.pem');
  const created = await answerOf(['keys', 'create', '--store', 'ssm', '--out', folder], options);
  const associated = ['keys', 'associate', ...instance, '--private-key', created.privateKey.keyId];
  const { keyId } = await answerOf(associated, options);

  const flowId = crypto.randomUUID();
  const flow = ['--key-id', keyId, '--certificate', certificate, '--function', functionArn];
  const fields = ['--field', 'card:prompt=Please type your card number.', '--field', 'expiry'];
  aws.connect.flows.set(flowId, (await runCli(['flow', 'write', ...flow, ...fields])).stdout);
  return {
    folder,
    keyId,
    flowId,
    environment,
    certificate: await readFile(certificate, 'utf8'),
    rotation: (...args) => [
      ...['rotate', ...instance, '--flow', flowId, '--wait', '0', '--state', join(folder, 'rotation.json'), ...args],
    ],
  };
}
