import { once } from 'node:events';
import { createServer } from 'node:http';
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
      log(line);
      metrics.observe(line);
    },
  });
  app.get('/metrics', authorize('metrics'), async (context) =>
    context.body(await metrics.text(), 200, { 'content-type': metrics.contentType }),
  );

  let underWay = 0;
  let isStopping = false;
  const idle = Promise.withResolvers<void>();
  const server = createAdaptorServer({
    hostname,
    createServer,
    serverOptions: { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 1_000 },
    async fetch(request, bindings) {
      if (isStopping) return shuttingDown();
      underWay += 1;
      try {
        const response = await app.fetch(request, { ...bindings });
        if (isStopping) response.headers.set('connection', 'close');
        return response;
      } finally {
        underWay -= 1;
        if (isStopping && underWay === 0) idle.resolve();
      }
    },
  });
  server.listen(port, hostname);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');

  return {
    origin: `http://${hostname.includes(':') ? `[${hostname}]` : hostname}:${address.port}`,
    async stop() {
      if (isStopping) return;
      isStopping = true;
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
    },
  };
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

function shuttingDown(): Response {
  const error = new FlowKeysError('shutting_down', 'Try again: another instance, or the next one, will answer.');
  const details = problemDetails(error, crypto.randomUUID());
  const headers = { 'content-type': 'application/problem+json', connection: 'close', 'retry-after': '1' };
  return new Response(JSON.stringify(details), { status: details.status, headers });
}
