import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { startParameterStore } from '../../demo/parameter-store.ts';
import { hasPython, motoServer } from './python.ts';

export interface TestSsm {
  readonly endpoint: string;
  /** Whether it is moto with all services, or a read-only SSM. */
  readonly isMoto: boolean;
  stop(): Promise<void>;
}

/**
 * An SSM API on loopback that holds the parameters: moto if it is installed (as in CI), otherwise the one of the demo.
 */
export async function startSsm(parameters: ReadonlyMap<string, string>): Promise<TestSsm> {
  if (hasPython()) return startMoto(parameters);
  console.warn("moto is not installed in .venv: the Lambda tests use the demonstration's parameter store.");
  return { ...(await startParameterStore(parameters)), isMoto: false };
}

async function startMoto(parameters: ReadonlyMap<string, string>): Promise<TestSsm> {
  const child = spawn(motoServer, ['-H', '127.0.0.1', '-p', '0'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const endpoint = await announced(child.stderr);
  child.stderr.resume();
  const client = new SSMClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  for (const [name, value] of parameters) {
    await client.send(new PutParameterCommand({ Name: name, Value: value, Type: 'SecureString' }));
  }
  client.destroy();
  return {
    endpoint,
    isMoto: true,
    async stop() {
      const exit = once(child, 'exit');
      child.kill();
      await exit;
    },
  };
}

async function announced(output: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: output })) {
    const [url] = line.match(/http:\/\/127\.0\.0\.1:\d+/) ?? [];
    if (url !== undefined) return url;
  }
  throw new Error('moto did not start.');
}
