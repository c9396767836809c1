import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { FlowKeysError } from '../../src/index.ts';
import { type FlowSecurityKeysOptions, flowSecurityKeys } from '../http/index.ts';
import { isLoopback } from '../http/loopback.ts';
import { authorize } from '../http/middleware/authorization.ts';
import { logJson } from '../http/middleware/log.ts';
import { traceOf } from '../http/middleware/trace.ts';
import type { RequestLogLine } from '../http/options.ts';
import { problemDetails } from '../http/problem.ts';
import { checkedTimeout, hasCallers } from '../http/settings.ts';
import { tokenBuckets } from '../http/token-buckets.ts';
import { assertAuditable, auditWriter } from './audit.ts';
import { createMetrics } from './metrics.ts';

/** Options of {@link startServer}. */
export interface ServerOptions extends FlowSecurityKeysOptions {
  /** How much one caller may ask for in ten seconds; each item of a batch counts. Default: any number. */
  readonly rateLimit?: number;
  /** Default: 127.0.0.1. */
  readonly hostname?: string;
  /** Default: 8080; 0 is one that is free. */
  readonly port?: number;
}

/** A running server. */
export interface RunningServer {
  readonly origin: string;
  /**
   * Stops the server: requests under way are finished, new ones are answered `shutting_down` (503) in the
   * meantime, and what is not finished when the time for a call is over is cut off.
   */
  stop(): Promise<void>;
}

/**
 * Serves the HTTP service on Node, with metrics for Prometheus at `/metrics`. TLS is for the proxy before it.
 *
 * @throws FlowKeysError `not_configured` when nobody may call, when anybody may from another machine, or when the audit of
 *   re-encryptions would be lost
 * @example
 * const server = await startServer({ keyStore, authorization: { bearerTokens: [{ sha256 }] }, port: 8080 });
 * process.once('SIGTERM', () => server.stop());
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { hostname = '127.0.0.1', port = 8080, log = logWithinMemory, audit = auditWriter() } = options;
  const timeout = checkedTimeout(options.timeout);
  assertConfigured(options.authorization, hostname);
  if (options.consumerStore !== undefined && options.audit === undefined) assertAuditable();
  const metrics = createMetrics();
  function observe(line: RequestLogLine): void {
    metrics.observe(line);
    log(line);
  }
  const app = flowSecurityKeys({
    ...options,
    log: observe,
    audit,
    ...mayCallOf(options),
    assertServing() {
      if (stopping === undefined) return;
      throw new FlowKeysError('shutting_down', 'Try again: another instance, or the next one, will answer.');
    },
  });
  app.get('/metrics', authorize('metrics'), async (context) =>
    context.body(await metrics.text(), 200, { 'content-type': metrics.contentType }),
  );

  let underWay = 0;
  let stopping: Promise<void> | undefined;
  const idle = Promise.withResolvers<void>();
  async function answer(
    request: Request,
    bindings: { readonly incoming: { readonly rawHeaders: string[] } },
  ): Promise<Response> {
    if (hasTwoHosts(bindings.incoming.rawHeaders)) return refuse('invalid_request');
    underWay += 1;
    try {
      const response = await app.fetch(request, { ...bindings });
      if (stopping !== undefined) response.headers.set('connection', 'close');
      return response;
    } finally {
      underWay -= 1;
      if (stopping !== undefined && underWay === 0) idle.resolve();
    }
  }

  // What Node and its adapter refuse by themselves, before there is a Request.
  function refuse(code: keyof typeof malformed, isLogged = false): Response {
    const details = problemDetails(new FlowKeysError(code, malformed[code]), crypto.randomUUID());
    const { status, requestId } = details;
    const { traceId } = traceOf(undefined);
    if (!isLogged) {
      observe({ level: 'ERROR', requestId, traceId, method: '', route: '', status, code, milliseconds: 0 });
    }
    const headers = { 'content-type': 'application/problem+json', connection: 'close' };
    return new Response(JSON.stringify(details), { status, headers });
  }

  const server = createServer(
    {
      headersTimeout: 10_000,
      requestTimeout: timeout + 10_000,
      connectionsCheckingInterval: 1_000,
      // So that its absence is answered like any other fault.
      requireHostHeader: false,
    },
    getRequestListener(answer, { errorHandler: () => refuse('invalid_request') }),
  );
  refuseWith(server, refuse);
  server.listen(port, hostname);
  await once(server, 'listening').catch((cause: unknown) => {
    throw new FlowKeysError('not_configured', `Port ${port} of ${hostname} cannot be listened on: is it in use?`, {
      cause,
    });
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');

  return {
    origin: `http://${hostname.includes(':') ? `[${hostname}]` : hostname}:${address.port}`,
    stop() {
      stopping ??= finish();
      return stopping;
    },
  };

  async function finish(): Promise<void> {
    if (underWay === 0) idle.resolve();
    const cutOff = setTimeout(() => idle.resolve(), timeout);
    await idle.promise;
    clearTimeout(cutOff);
    const closed = once(server, 'close');
    server.close();
    server.closeIdleConnections();
    // The last answers are on their way; who keeps a connection open after that is cut off.
    const linger = setTimeout(() => server.closeAllConnections(), 1_000);
    await closed;
    clearTimeout(linger);
  }
}

// Beyond it, whoever reads standard output is too slow, or gone.
const maxUnreadLogBytes = 262_144;

/** Logs as JSON, and leaves lines out while too many wait to be read: they would fill the memory. */
function logWithinMemory(line: RequestLogLine): void {
  if (process.stdout.writableLength <= maxUnreadLogBytes) logJson(line);
}

/** Answers 429 to a caller that asks for more than the rate limit. */
function mayCallOf({ rateLimit, mayCall }: ServerOptions): Pick<FlowSecurityKeysOptions, 'mayCall'> {
  if (mayCall !== undefined || rateLimit === undefined) return {};
  const buckets = tokenBuckets({ burst: rateLimit, perSecond: rateLimit / 10 });
  return { mayCall: async ({ caller, items }) => buckets.take(caller, items) };
}

/** Which host is meant is for every proxy to decide for itself, so it is for nobody (RFC 9112, section 3.2). */
function hasTwoHosts(rawHeaders: readonly string[]): boolean {
  return rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === 'host').length > 1;
}

const malformed = {
  invalid_request: 'This is no HTTP request that the server takes. Check its line and headers.',
  request_timeout: 'The request did not arrive in time. Send it whole, and try again.',
} as const;

/** Answers what is no HTTP request, which Node hands over as a mere connection. */
function refuseWith(server: Server, refuse: (code: keyof typeof malformed, isLogged: boolean) => Response): void {
  // Connections whose fault is in the body of a request: the app has that request, and logs it.
  const busy = new WeakSet<Duplex>();
  server.on('request', ({ socket }, response) => {
    busy.add(socket);
    response.on('close', () => busy.delete(socket));
  });
  server.on('clientError', async (error: Error & { code?: string }, socket: Duplex) => {
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const code = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'request_timeout' : 'invalid_request';
    const refusal = refuse(code, busy.has(socket));
    const body = await refusal.text();
    const headers = Array.from(refusal.headers, ([name, value]) => `${name}: ${value}\r\n`).join('');
    socket.end(
      `HTTP/1.1 ${refusal.status} Refused\r\n${headers}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  });
  // An `expect` header that Node does not know is no reason to refuse.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
}

function assertConfigured(authorization: ServerOptions['authorization'], hostname: string): void {
  if (hasCallers(authorization)) return;
  if (!authorization.isDevelopment) {
    throw new FlowKeysError(
      'not_configured',
      'Nobody may call: configure BEARER_TOKEN_HASHES ("flow-keys token" makes one) or JWT_ISSUER.',
    );
  }
  if (!isLoopback(hostname)) {
    const message = `Without a token it serves loopback addresses only, not ${hostname}: configure BEARER_TOKEN_HASHES.`;
    throw new FlowKeysError('not_configured', message);
  }
}
