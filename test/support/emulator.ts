import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const emulator = path('test/emulator/bin/aws-lambda-rie');
const client = path('test/emulator/node_modules/aws-lambda-ric/index.mjs');

/** Whether `test/emulator/install.sh` has run. In CI it must have. */
export function hasEmulator(): boolean {
  if (existsSync(emulator) && existsSync(client)) return true;
  if (process.env['CI'] === 'true') throw new Error('CI needs the Lambda emulator: bash test/emulator/install.sh');
  console.warn('Skipped: the tests of the Lambda emulator; test/emulator/install.sh was not run.');
  return false;
}

/** A function in AWS's Runtime Interface Emulator, on this Node. */
export interface EmulatedFunction {
  /** The endpoint of the Lambda API, where the function is named `function`. */
  readonly endpoint: string;
  /** The response as text, as the Lambda service returns it. */
  invoke(event: unknown): Promise<string>;
  /** Freezes the process of the function between invocations, as the Lambda service does, or resumes it. */
  freeze(isFrozen: boolean): Promise<void>;
  /** The output of the function. */
  written(): string;
  stop(): Promise<void>;
}

/** Starts a handler from `dist/lambda` or another directory. The first invocation initialises the function. */
export async function startEmulator(
  handler: string,
  environment: Readonly<Record<string, string>>,
  timeoutSeconds = 8,
  folder = path('dist/lambda'),
): Promise<EmulatedFunction> {
  const [port, apiPort] = [await freePort(), await freePort()];
  const child = spawn(
    emulator,
    [
      ...['--runtime-interface-emulator-address', `127.0.0.1:${port}`, '--runtime-api-address', `127.0.0.1:${apiPort}`],
      ...[process.execPath, client, handler],
    ],
    {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        LAMBDA_TASK_ROOT: folder,
        AWS_LAMBDA_FUNCTION_NAME: 'flow-security-keys',
        AWS_LAMBDA_FUNCTION_TIMEOUT: String(timeoutSeconds),
        ...environment,
      },
    },
  );
  let written = '';
  for (const output of [child.stdout, child.stderr]) {
    output.on('data', (chunk) => {
      written += chunk;
    });
  }
  const closed = once(child, 'close');
  await untilListening(port);
  const endpoint = `http://127.0.0.1:${port}`;
  return {
    endpoint,
    async invoke(event) {
      const url = `${endpoint}/2015-03-31/functions/function/invocations`;
      return (await fetch(url, { method: 'POST', body: JSON.stringify(event) })).text();
    },
    async freeze(isFrozen) {
      const [runtime] = await childrenOf(child.pid ?? 0);
      if (runtime === undefined) throw new Error('The emulator has no runtime.');
      process.kill(runtime, isFrozen ? 'SIGSTOP' : 'SIGCONT');
    },
    written: () => written,
    async stop() {
      child.kill('SIGTERM');
      await closed;
    },
  };
}

/** A Go program may have started a process from any of its threads. */
async function childrenOf(pid: number): Promise<readonly number[]> {
  const threads = await readdir(`/proc/${pid}/task`);
  const lists = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8')));
  return lists.flatMap((list) => list.trim().split(' ').filter(Boolean).map(Number));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('There is no free port.');
  return address.port;
}

/** Waits until the emulator listens, which it does not announce. */
async function untilListening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    const socket = connect(port, '127.0.0.1');
    const isThere = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isThere) return;
    await sleep(20);
  }
  throw new Error('The emulator did not start.');
}
