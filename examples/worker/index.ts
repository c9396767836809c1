import { decryptFields } from 'flow-security-keys/hono';
import { bindingsKeyStore } from 'flow-security-keys/stores/bindings';
import { Hono } from 'hono';
import { bearerAuth } from 'hono/bearer-auth';
import { timingSafeEqual } from 'hono/utils/buffer';

interface Bindings extends Record<string, unknown> {
  PAY_TOKEN: string;
  GATEWAY_URL: string;
}

const app = new Hono<{ Bindings: Bindings }>();
const decrypted = decryptFields({ keyStore: ({ env }) => bindingsKeyStore(env), fields: ['card', 'cvc'] });

app.use(bearerAuth<{ Bindings: Bindings }>({ verifyToken: (token, { env }) => timingSafeEqual(token, env.PAY_TOKEN) }));
app.post('/pay', decrypted, async (context) => {
  const { card, cvc } = context.var.decryptedFields;
  const { amount, order } = await context.req.json();
  const response = await fetch(`${context.env.GATEWAY_URL}/charges`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/json', 'idempotency-key': `order-${order}` },
    body: JSON.stringify({ card, cvc, amount }),
    signal: AbortSignal.timeout(5_000),
  });
  if (!response.ok) return context.json({ approved: false, code: 'gateway_failed' }, 502);
  const { approved, reference } = await response.json();
  return context.json({ approved, reference });
});

export default app;
