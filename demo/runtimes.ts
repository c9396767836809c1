import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type LocalService, stopProcess } from './local-service.ts';
import { startNode } from './node.ts';
import { startWrangler } from './wrangler.ts';

/** The response to a ContactFlowEvent, as text, and how long it took. */
export interface TimedAnswer {
  readonly answer: string;
  readonly milliseconds: number;
}

/** The product on one of its runtimes. */
export interface Runtime {
  readonly name: string;
  invoke(event: unknown, requestId: string): Promise<TimedAnswer>;
  stop(): Promise<void>;
}

/** Starts the built Lambda function on this Node. It reads its keys from the SSM API at `endpoint`. */
export function startLambda(endpoint: string): Runtime & { readonly processId: number } {
  const child = fork(fileURLToPath(new URL('lambda-process.ts', import.meta.url)), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: {
      PATH: process.env['PATH'],
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'demonstration',
      AWS_SECRET_ACCESS_KEY: 'demonstration',
      AWS_ENDPOINT_URL_SSM: endpoint,
      POWERTOOLS_LOG_LEVEL: 'SILENT',
    },
  });
  const calls = new Map<number, PromiseWithResolvers<TimedAnswer>>();
  let lastCall = 0;
  child.on('message', ({ call, ...answer }: TimedAnswer & { call: number }) => {
    calls.get(call)?.resolve(answer);
    calls.delete(call);
  });
  child.on('exit', (code) => {
    for (const { reject } of calls.values()) reject(new Error(`The Lambda process exited with code ${code}.`));
  });
  return {
    name: 'Lambda handler',
    processId: child.pid ?? 0,
    async invoke(event, requestId) {
      lastCall += 1;
      const call = Promise.withResolvers<TimedAnswer>();
      calls.set(lastCall, call);
      child.send({ call: lastCall, event, requestId });
      return call.promise;
    },
    stop: () => stopProcess(child),
  };
}

/** Starts the Worker on workerd, in its development environment, at `http://127.0.0.1:{port}`. */
export async function startWorker(port: number): Promise<Runtime> {
  return httpRuntime('HTTP on workerd', await startWrangler(port, '--env', 'development'));
}

/** Starts the self-hosted service on Node, with the keys of a directory. */
export async function startNodeServer(directory: string): Promise<Runtime> {
  return httpRuntime('HTTP on Node', await startNode(['--keys', directory], { DEVELOPMENT: 'true' }));
}

function httpRuntime(name: string, service: LocalService): Runtime {
  return {
    name,
    async invoke(event, requestId) {
      const started = performance.now();
      const response = await fetch(`${service.origin}/v1/connect`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(event),
      });
      const answer = await response.text();
      // The service gives each request a new id.
      const own = response.headers.get('x-request-id') ?? '';
      return { answer: answer.replaceAll(own, requestId), milliseconds: performance.now() - started };
    },
    async stop() {
      await service.stop();
    },
  };
}
