import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface FaultyProxy {
  readonly endpoint: string;
  stop(): Promise<void>;
}

const slowMilliseconds = 5_000;

type Answer = (incoming: IncomingMessage, outgoing: ServerResponse, target: string) => void | Promise<void>;

/** An error response of AWS's JSON 1.1 services. */
const awsError =
  (type: string): Answer =>
  (_incoming, outgoing) => {
    outgoing.writeHead(400, { 'content-type': 'application/x-amz-json-1.1' });
    outgoing.end(JSON.stringify({ __type: type, message: 'Injected by the test.' }));
  };

const faults = {
  none: forward,
  reset: (incoming) => {
    incoming.socket.resetAndDestroy();
  },
  slow: async (incoming, outgoing, target) => {
    await sleep(slowMilliseconds, undefined, { ref: false });
    forward(incoming, outgoing, target);
  },
  throttle: awsError('ThrottlingException'),
  deny: awsError('AccessDeniedException'),
  'expired-token': awsError('ExpiredTokenException'),
  'empty-answer': (_incoming, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' }).end('{}');
  },
  'half-answer': (incoming, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'application/x-amz-json-1.1', 'content-length': '1000' });
    outgoing.write('{"Parameter":', () => incoming.socket.resetAndDestroy());
  },
} satisfies Record<string, Answer>;

/** A proxy between an AWS client and the service. */
export type Fault = keyof typeof faults;

function faultNamed(name: string): Fault {
  if (name in faults) return name as Fault;
  throw new Error(`There is no fault ${name}.`);
}

/**
 * A proxy in front of an AWS endpoint that injects faults. `PUT /-/fault` sets the fault, `GET /-/requests` returns the number
 * of requests so far, and `GET /-/disconnect` closes all connections. It uses HTTP so that tests inside workerd can.
 */
export async function startFaultyProxy(target: string): Promise<FaultyProxy> {
  let fault: Fault = 'none';
  let requests = 0;

  const server = createServer(async (incoming, outgoing) => {
    if (incoming.url === '/-/fault') {
      fault = faultNamed((await incoming.toArray()).join(''));
      outgoing.end();
    } else if (incoming.url === '/-/disconnect') {
      outgoing.on('close', () => server.closeAllConnections()).end();
    } else if (incoming.url === '/-/requests') {
      outgoing.end(String(requests));
    } else {
      requests += 1;
      await faults[fault](incoming, outgoing, target);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port.');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function forward(incoming: IncomingMessage, outgoing: ServerResponse, target: string): void {
  const forwarded = request(new URL(incoming.url ?? '/', target), {
    method: incoming.method,
    headers: incoming.headers,
  });
  forwarded.on('response', (response) => {
    outgoing.writeHead(response.statusCode ?? 502, response.headers);
    response.pipe(outgoing);
  });
  forwarded.on('error', () => incoming.socket.destroy());
  incoming.pipe(forwarded);
}

/** Controls the proxy from Node and from workerd. */
export function faultControl(endpoint: string) {
  return {
    async set(fault: Fault): Promise<void> {
      await (await fetch(`${endpoint}/-/fault`, { method: 'PUT', body: fault })).arrayBuffer();
    },
    /** Closes the connections that clients keep open. */
    async disconnect(): Promise<void> {
      await fetch(`${endpoint}/-/disconnect`).then(
        (response) => response.arrayBuffer(),
        () => {},
      );
    },
    async requests(): Promise<number> {
      return Number(await (await fetch(`${endpoint}/-/requests`)).text());
    },
  };
}
