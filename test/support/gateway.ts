import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

/** How the gateway behaves: it approves, declines, fails, or does not answer. */
export type GatewayMode = 'approve' | 'decline' | 'fail' | 'hang';

/** A payment gateway on loopback. It charges once per idempotency key, and for every call without one. */
export interface Gateway {
  readonly url: string;
  mode: GatewayMode;
  readonly charges: readonly Readonly<Record<string, unknown>>[];
  stop(): Promise<void>;
}

export async function startGateway(): Promise<Gateway> {
  const charges: Record<string, unknown>[] = [];
  const references = new Map<string, string>();
  const server = createServer(async (request, response) => {
    const body = JSON.parse(await text(request));
    if (gateway.mode === 'hang') return;
    if (gateway.mode === 'fail') {
      response.writeHead(500).end(JSON.stringify({ error: `cannot charge ${body.card}` }));
      return;
    }
    const key = String(request.headers['idempotency-key'] ?? crypto.randomUUID());
    const isApproved = gateway.mode === 'approve';
    if (isApproved && !references.has(key)) {
      references.set(key, `P-${references.size + 1}`);
      charges.push({ ...body, path: request.url });
    }
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ approved: isApproved, reference: references.get(key) ?? '' }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The gateway has no port.');
  const gateway: Gateway = {
    url: `http://127.0.0.1:${address.port}`,
    mode: 'approve',
    charges,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return gateway;
}
