import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { type Answer, createFakeConnect, type FakeConnect } from './fake-connect.ts';
import { startSsm } from './ssm.ts';

/** An AWS on loopback: moto for SSM, Secrets Manager, KMS, IAM and Lambda, and a fake for Connect. */
export interface TestAws {
  readonly endpoint: string;
  readonly connect: FakeConnect;
  /** A second instance. */
  readonly otherConnect: FakeConnect;
  /** What `lambda:InvokeFunction` runs. moto can only run functions in Docker. */
  invoke: (event: unknown) => Promise<unknown>;
  /** The operations that were called, in order, such as `AssociateSecurityKey` or `ssm:PutParameter`. */
  readonly calls: string[];
  /** Leaves the next or a later call of an operation unanswered, `before` or `after` it takes effect. Resolves when it arrives. */
  hold(operation: string, when: 'before' | 'after', time?: number): Promise<void>;
  /** Answers the next calls of an operation with an AWS error, like an eventually consistent store. */
  fail(operation: string, type: string, times: number): void;
  /** Answers all operations again. */
  release(): void;
  stop(): Promise<void>;
}

export async function startAws(): Promise<TestAws> {
  const moto = await startSsm(new Map());
  const connect = createFakeConnect('a1b2c3d4-5678-4abc-8def-0123456789ab');
  const otherConnect = createFakeConnect('b2c3d4e5-6789-4bcd-9ef0-123456789abc');
  const calls: string[] = [];
  let held: { readonly operation: string; readonly when: 'before' | 'after'; times: number; tell(): void } | undefined;
  let failing: { readonly operation: string; readonly type: string; times: number } | undefined;
  const aws = { invoke: (): Promise<unknown> => Promise.reject(new Error('There is no function.')) } as {
    invoke: TestAws['invoke'];
  };

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await buffer(incoming);
    const operation = operationOf(incoming);
    calls.push(operation);
    const isNamed = held?.operation === operation;
    if (isNamed && held) held.times -= 1;
    const isHeld = (when: 'before' | 'after') => isNamed && held?.when === when && held.times <= 0;
    if (isHeld('before')) return held?.tell();
    if (failing?.operation === operation && failing.times > 0) {
      failing.times -= 1;
      outgoing.writeHead(400, { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-errortype': failing.type });
      return void outgoing.end(JSON.stringify({ __type: failing.type, message: 'The test says so.' }));
    }
    const { status, headers, content } = await dispatch(incoming, body);
    if (isHeld('after')) return held?.tell();
    outgoing.writeHead(status, headers).end(content);
  }

  async function dispatch(incoming: IncomingMessage, body: Buffer): Promise<Answer> {
    const { method = 'GET', url = '/' } = incoming;
    const instance = url.includes(otherConnect.instanceId) ? otherConnect : connect;
    if (serviceOf(incoming) === 'connect') return instance.answer(method, url, body.toString());
    if (/\/invocations$/.test(url)) {
      const content = JSON.stringify(await aws.invoke(JSON.parse(body.toString())));
      return { status: 200, headers: { 'content-type': 'application/json' }, content };
    }
    return forward(moto.endpoint, incoming, body);
  }

  const server = createServer((incoming, outgoing) => {
    answer(incoming, outgoing).catch((error: unknown) => {
      outgoing.writeHead(500, { 'content-type': 'application/json' }).end(JSON.stringify({ message: String(error) }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');

  return Object.assign(aws, {
    endpoint: `http://127.0.0.1:${address.port}`,
    connect,
    otherConnect,
    calls,
    hold(operation: string, when: 'before' | 'after', time = 1) {
      return new Promise<void>((resolve) => {
        held = { operation, when, times: time, tell: resolve };
      });
    },
    fail(operation: string, type: string, times: number) {
      failing = { operation, type, times };
    },
    release() {
      held = undefined;
      failing = undefined;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await moto.stop();
    },
  });
}

/** The service that a request is signed for: https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html */
function serviceOf({ headers }: IncomingMessage): string {
  return headers.authorization?.match(/Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//)?.[1] ?? '';
}

function operationOf(incoming: IncomingMessage): string {
  const { method, url = '/', headers } = incoming;
  const target = headers['x-amz-target'];
  if (typeof target === 'string') return `${serviceOf(incoming)}:${target.split('.').at(-1)}`;
  return `${serviceOf(incoming)}:${method} ${url.split('?')[0]?.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '*')}`;
}

async function forward(origin: string, { method, url = '/', headers }: IncomingMessage, body: Buffer): Promise<Answer> {
  const onward = request(new URL(url, origin), { method, headers });
  onward.end(body);
  const [response] = (await once(onward, 'response')) as [IncomingMessage];
  const content = await buffer(response);
  const { 'transfer-encoding': _, ...kept } = response.headers;
  return { status: response.statusCode ?? 502, headers: kept as Record<string, string>, content };
}
