import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { createAdaptorServer } from '@hono/node-server';
import { FlowKeysError } from '../../src/index.ts';
import { type FlowSecurityKeysOptions, flowSecurityKeys } from '../http/app.ts';
import { authorize } from '../http/authorization.ts';
import { logJson } from '../http/log.ts';
import { problemDetails } from '../http/problem.ts';
import { isLoopback } from '../http/settings.ts';
import { createMetrics } from './metrics.ts';

export interface ServerOptions extends FlowSecurityKeysOptions {
  /** Default: 127.0.0.1. */
  readonly hostname?: string;
  /** Default: 8080; 0 is one that is free. */
  readonly port?: number;
}

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
 * @throws FlowKeysError `not_configured` when nobody may call, or when anybody may from another machine
 * @example
 * const server = await startServer({ keyStore, authorization: { bearerTokens: [{ sha256 }] }, port: 8080 });
 * process.once('SIGTERM', () => server.stop());
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { hostname = '127.0.0.1', port = 8080, timeout = 10_000, log = logJson } = options;
  assertConfigured(options.authorization, hostname);
  const metrics = createMetrics();
  const app = flowSecurityKeys({
    ...options,
    log(line) {
      metrics.observe(line);
      log(line);
    },
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
  const server = createAdaptorServer({
    hostname,
    createServer,
    serverOptions: { headersTimeout: 10_000, requestTimeout: timeout + 10_000, connectionsCheckingInterval: 1_000 },
    async fetch(request, bindings) {
      underWay += 1;
      try {
        const response = await app.fetch(request, { ...bindings });
        if (stopping !== undefined) response.headers.set('connection', 'close');
        return response;
      } finally {
        underWay -= 1;
        if (stopping !== undefined && underWay === 0) idle.resolve();
      }
    },
  });
  answerMalformedRequests(server);
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
    if ('closeIdleConnections' in server) server.closeIdleConnections();
    // The last answers are on their way; who keeps a connection open after that is cut off.
    const linger = setTimeout(() => 'closeAllConnections' in server && server.closeAllConnections(), 1_000);
    await closed;
    clearTimeout(linger);
  }
}

/** What Node refuses by itself is answered with a problem, too. */
function answerMalformedRequests(server: ReturnType<typeof createAdaptorServer>): void {
  server.on('clientError', (error: Error & { code?: string }, socket: Duplex) => {
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const { status, body } = malformedRequest(error.code === 'ERR_HTTP_REQUEST_TIMEOUT');
    const head = `HTTP/1.1 ${status} Refused\r\ncontent-type: application/problem+json\r\nconnection: close`;
    socket.end(`${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  });
  // An `expect` header that Node does not know is no reason to refuse.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
}

function malformedRequest(isLate: boolean): { readonly status: number; readonly body: string } {
  const error = isLate
    ? new FlowKeysError('request_timeout', 'The request did not arrive in time. Send it whole, and try again.')
    : new FlowKeysError(
        'invalid_request',
        'This is no HTTP request that the server takes. Check its line and headers.',
      );
  const details = problemDetails(error, crypto.randomUUID());
  return { status: details.status, body: JSON.stringify(details) };
}

function assertConfigured(
  { bearerTokens = [], jwtIssuer, isDevelopment = false }: ServerOptions['authorization'],
  hostname: string,
): void {
  if (bearerTokens.length > 0 || jwtIssuer !== undefined) return;
  if (!isDevelopment) {
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
