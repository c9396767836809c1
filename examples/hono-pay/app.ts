import { decryptFields } from 'flow-security-keys/hono';
import { directoryKeyStore } from 'flow-security-keys/stores/directory';
import { Hono } from 'hono';
import { bearerAuth } from 'hono/bearer-auth';

/** A service that takes ciphertexts from a contact flow, and charges the card. */
export function payService({ keys, token, gateway }: { keys: string; token: string; gateway: string }): Hono {
  const app = new Hono();
  const decrypted = decryptFields({ keyStore: directoryKeyStore({ directory: keys }), fields: ['card', 'cvc'] });
  app.post('/pay', bearerAuth({ token }), decrypted, async (context) => {
    const { card, cvc } = context.var.decryptedFields;
    const { amount, order } = await context.req.json();
    const response = await fetch(`${gateway}/charges`, {
      method: 'POST',
      redirect: 'error',
      headers: { 'content-type': 'application/json', 'idempotency-key': `order-${order}` },
      body: JSON.stringify({ card, cvc, amount }),
      signal: AbortSignal.timeout(5_000),
    });
    if (!response.ok) return context.json({ approved: false, code: 'gateway_failed' }, 502);
    const { approved, reference } = await response.json();
    return context.json({ approved, reference });
  });
  return app;
}
