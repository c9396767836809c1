import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { getRequestListener, type Http2Bindings, type HttpBindings } from '@hono/node-server';
import { FlowKeysError } from '../../src/index.ts';
import { type FlowSecurityKeysOptions, flowSecurityKeys } from '../http/index.ts';
import { isLoopback } from '../http/loopback.ts';
import { authorize } from '../http/middleware/authorization.ts';
import { logJson } from '../http/middleware/log.ts';
import { traceOf } from '../http/middleware/trace.ts';
import type { RequestLogLine } from '../http/options.ts';
import { problemDetails } from '../http/problem.ts';
import { assertCallers, checkedTimeout, hasCallers, notConfigured } from '../http/settings.ts';
import { tokenBuckets } from '../http/token-buckets.ts';
import { assertAuditable, auditWriter } from './audit.ts';
import { createMetrics } from './metrics.ts';

/** Options of {@link startServer}. */
export interface ServerOptions extends FlowSecurityKeysOptions {
  /** How many calls one caller may make in ten seconds. Each item of a batch counts as one. Default: no limit. */
  readonly rateLimit?: number;
  /** The address to listen on. Default: 127.0.0.1. */
  readonly hostname?: string;
  /** The port to listen on; 0 for any free one. Default: 8080. */
  readonly port?: number;
}

/** A running server. */
export interface RunningServer {
  /** The URL of the server, without a path. */
  readonly origin: string;
  /**
   * Stops the server. Requests in flight are finished, and new ones are refused with `shutting_down` (503). After the
   * timeout of a call, whatever is left is cut off.
   */
  stop(): Promise<void>;
}

/**
 * Serves the HTTP service on Node, with metrics for Prometheus at `/metrics`. A proxy in front of it terminates TLS.
 *
 * @throws FlowKeysError `not_configured` if no caller is configured, if the development flag would serve other machines, if
 *   the audit of re-encryptions would be lost, or if the port is in use
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
      throw new FlowKeysError(
        'shutting_down',
        'The server is shutting down. Try again: another instance will respond.',
      );
    },
  });
  app.get('/metrics', authorize('metrics'), async (context) =>
    context.body(await metrics.text(), 200, { 'content-type': metrics.contentType }),
  );

  let inFlight = 0;
  let stopping: Promise<void> | undefined;
  const idle = Promise.withResolvers<void>();
  async function respond(request: Request, bindings: HttpBindings | Http2Bindings): Promise<Response> {
    if (hasTwoHosts(bindings.incoming.rawHeaders)) return refuse('invalid_request');
    inFlight += 1;
    try {
      const response = await app.fetch(request, { ...bindings });
      if (stopping !== undefined) response.headers.set('connection', 'close');
      return response;
    } finally {
      inFlight -= 1;
      if (stopping !== undefined && inFlight === 0) idle.resolve();
    }
  }

  // Requests that Node or its adapter refuses before there is a Request object.
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
      // So that a request without the header gets problem+json, too.
      requireHostHeader: false,
    },
    getRequestListener(respond, { errorHandler: () => refuse('invalid_request') }),
  );
  refuseWith(server, refuse);
  server.listen(port, hostname);
  await once(server, 'listening').catch((cause: unknown) => {
    const message = `Cannot listen on port ${port} of ${hostname}. Check whether the port is in use.`;
    throw new FlowKeysError('not_configured', message, { cause });
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
    if (inFlight === 0) idle.resolve();
    const cutOff = setTimeout(() => idle.resolve(), timeout);
    await idle.promise;
    clearTimeout(cutOff);
    const closed = once(server, 'close');
    server.close();
    server.closeIdleConnections();
    // The last responses are being sent. After this, open connections are cut off.
    const linger = setTimeout(() => server.closeAllConnections(), 1_000);
    await closed;
    clearTimeout(linger);
  }
}

// Above this, the reader of standard output is too slow, or gone.
const maxUnreadLogBytes = 262_144;

/** Logs as JSON. Drops lines while too many wait to be read, as they would fill the memory. */
function logWithinMemory(line: RequestLogLine): void {
  if (process.stdout.writableLength <= maxUnreadLogBytes) logJson(line);
}

/** Refuses calls beyond the rate limit. */
function mayCallOf({ rateLimit, mayCall }: ServerOptions): Pick<FlowSecurityKeysOptions, 'mayCall'> {
  if (mayCall !== undefined || rateLimit === undefined) return {};
  const buckets = tokenBuckets(rateLimit, rateLimit / 10);
  return { mayCall: async ({ caller, items }) => buckets.take(caller, items) };
}

/** Proxies disagree on which of two hosts counts, so such a request is invalid (RFC 9112, section 3.2). */
function hasTwoHosts(rawHeaders: readonly string[]): boolean {
  return rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === 'host').length > 1;
}

const malformed = {
  invalid_request: 'The server cannot read this HTTP request. Check its request line and headers.',
  request_timeout: 'The request did not arrive in time. Try again.',
} as const;

/** Responds to invalid HTTP requests, for which Node passes only the connection. */
function refuseWith(server: Server, refuse: (code: keyof typeof malformed, isLogged: boolean) => Response): void {
  // Connections with a request whose body is invalid: the app has that request, and logs it.
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
  // Serve requests with an `expect` header that Node does not know, too.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
}

function assertConfigured(authorization: ServerOptions['authorization'], hostname: string): void {
  if (!authorization.isDevelopment) assertCallers(authorization);
  if (hasCallers(authorization) || isLoopback(hostname)) return;
  throw notConfigured(
    `Without a token the service listens on loopback addresses only, not on ${hostname}. Set BEARER_TOKEN_HASHES.`,
  );
}
