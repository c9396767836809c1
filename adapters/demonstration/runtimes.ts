import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A ContactFlowEvent's answer, to the byte, and how long it took. */
export interface TimedAnswer {
  readonly answer: string;
  readonly milliseconds: number;
}

/** The product in one of its runtimes. */
export interface Runtime {
  readonly name: string;
  invoke(event: unknown, requestId: string): Promise<TimedAnswer>;
  stop(): Promise<void>;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The built Lambda function on this Node, with its keys from the SSM API at `endpoint`. */
export function startLambda(endpoint: string): Runtime {
  const child = fork(fileURLToPath(new URL('lambda-process.ts', import.meta.url)), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: {
      PATH: process.env['PATH'],
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'demonstration',
      AWS_SECRET_ACCESS_KEY: 'demonstration',
      AWS_ENDPOINT_URL_SSM: endpoint,
    },
  });
  return {
    name: 'Lambda handler',
    async invoke(event, requestId) {
      const settled = new AbortController();
      const { signal } = settled;
      const answered = Promise.race([once(child, 'message', { signal }), once(child, 'exit', { signal }).then(exited)]);
      child.send({ event, requestId });
      const [message] = await answered;
      settled.abort();
      return message;
    },
    stop: () => stop(child),
  };
}

function exited([code]: readonly unknown[]): never {
  throw new Error(`The Lambda process exited with code ${code}.`);
}

/** The HTTP worker on workerd, in its development environment, at `http://127.0.0.1:{port}`. */
export async function startWorker(port: number): Promise<Runtime> {
  const wrangler = fileURLToPath(new URL('../../node_modules/wrangler/bin/wrangler.js', import.meta.url));
  const args = [
    'dev',
    '--env',
    'development',
    '--ip',
    '127.0.0.1',
    '--port',
    String(port),
    '--show-interactive-dev-session=false',
  ];
  const child = spawn(process.execPath, [wrangler, ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CLOUDFLARE_CF_FETCH_ENABLED: 'false', WRANGLER_SEND_METRICS: 'false' },
  });
  const origin = `http://127.0.0.1:${port}`;
  try {
    await untilReady(child);
  } catch (error) {
    await stop(child);
    throw error;
  }
  return {
    name: 'HTTP worker',
    async invoke(event, requestId) {
      const started = performance.now();
      const response = await fetch(`${origin}/v1/connect`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-request-id': requestId },
        body: JSON.stringify(event),
      });
      return { answer: await response.text(), milliseconds: performance.now() - started };
    },
    stop: () => stop(child),
  };
}

async function untilReady({ stdout, stderr }: ChildProcess): Promise<void> {
  if (stdout === null || stderr === null) throw new Error('wrangler has no output to wait for.');
  stderr.resume();
  const lines: string[] = [];
  for await (const line of createInterface({ input: stdout })) {
    lines.push(line);
    if (!line.includes('Ready on')) continue;
    stdout.resume();
    return;
  }
  throw new Error(`wrangler did not start:\n${lines.join('\n')}`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
}
