// A program outside the repository, which uses the package as it is published.
import { createHash, randomBytes } from 'node:crypto';
import { type Client, createClient, FlowKeysError } from 'flow-security-keys/client';
import { decryptFields } from 'flow-security-keys/hono';
import { directoryKeyStore } from 'flow-security-keys/key-stores/directory';
import { startServer } from 'flow-security-keys/node';
import { Hono } from 'hono';

const [, , ciphertext = '', directory = ''] = process.argv;
const keyStore = directoryKeyStore({ directory });
const token = randomBytes(32).toString('base64url');
const sha256 = createHash('sha256').update(token).digest('hex');

const server = await startServer({
  keyStore,
  authorization: { bearerTokens: [{ sha256, routes: ['decrypt', 'decryptBatch'] }] },
  port: 0,
  log: () => {},
});

const client: Client = createClient({ baseUrl: server.origin, token });
const { plaintext } = await client.decrypt(ciphertext, { signal: AbortSignal.timeout(5_000) });
console.log('client', plaintext);

const results = await client.decryptBatch([{ ciphertext }, { ciphertext: 'Timeout' }]);
console.log('batch', ...results.map((result) => ('error' in result ? result.error.code : 'ok')));

const app = new Hono();
app.post('/pay', decryptFields({ keyStore, fields: ['card'] }), async (context) =>
  context.json(await context.req.json()),
);
const response = await app.request('/pay', { method: 'POST', body: JSON.stringify({ card: ciphertext }) });
const { card }: { card: string } = await response.json();
console.log('middleware', card);

try {
  await createClient({ baseUrl: server.origin, token: 'wrong' }).decrypt(ciphertext);
} catch (error) {
  if (error instanceof FlowKeysError) console.log('wrong token', error.code);
}
await server.stop();
