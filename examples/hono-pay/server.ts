import { serve } from '@hono/node-server';
import { payService } from './app.ts';

const { KEYS = 'keys', PAY_TOKEN: token, GATEWAY_URL: gateway, PORT = '8080' } = process.env;
if (!token || !gateway) throw new Error('Set PAY_TOKEN and GATEWAY_URL.');
const app = payService({ keys: KEYS, token, gateway });
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(PORT) }, ({ port }) => {
  console.log(JSON.stringify({ message: 'listening', port }));
});
