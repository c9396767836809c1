// A program outside the repository that uses the published package.
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { type Consumer, type ConsumerStore, createDecryptor, createRelay, parseConsumer } from 'flow-security-keys';
import { type Client, createClient, FlowKeysError } from 'flow-security-keys/client';
import { decryptFields } from 'flow-security-keys/hono';
import { startServer } from 'flow-security-keys/node';
import { bindingsConsumerStore } from 'flow-security-keys/stores/bindings';
import { directoryConsumerStore, directoryKeyStore } from 'flow-security-keys/stores/directory';
import { firstConsumerStoreOf } from 'flow-security-keys/stores/first-of';
import { Hono } from 'hono';

const [, , ciphertext = '', directory = ''] = process.argv;
const keyStore = directoryKeyStore({ directory });
const token = randomBytes(32).toString('base64url');
const sha256 = createHash('sha256').update(token).digest('hex');

const publicKey = generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' });
const document = JSON.stringify({ format: 'jwe', publicKey, keyIds: ['*'], fields: ['card'] });
const billing: Consumer = await parseConsumer('billing', document);
const consumerStore: ConsumerStore = firstConsumerStoreOf(
  directoryConsumerStore({ directory }),
  bindingsConsumerStore({ CONSUMER_billing: document }),
);

const server = await startServer({
  keyStore,
  consumerStore,
  authorization: {
    bearerTokens: [{ sha256, routes: ['decrypt', 'decryptBatch', 'reencrypt'], consumers: ['billing'] }],
  },
  port: 0,
  log: () => {},
  audit: () => {},
});

const client: Client = createClient({ baseUrl: server.origin, token });
const { plaintext } = await client.decrypt(ciphertext, { signal: AbortSignal.timeout(5_000) });
console.log('client', plaintext);

const results = await client.decryptBatch([{ ciphertext }, { ciphertext: 'Timeout' }]);
console.log('batch', ...results.map((result) => ('error' in result ? result.error.code : 'ok')));

const consumers = ['billing', 'nobody'];
const reencrypted = await client.reencrypt(ciphertext, { field: 'card', consumers });
console.log('client', ...reencrypted.results.map((result) => ('error' in result ? result.error.code : result.format)));

const relay = createRelay({ decryptor: createDecryptor({ keyStore }), consumerStore });
const { outcomes } = await relay.reencrypt(ciphertext, { field: 'card', consumers, allowedConsumers: ['*'] });
console.log(
  'relay',
  billing.algorithm,
  ...outcomes.map((outcome) => ('failure' in outcome ? outcome.failure.code : 'ok')),
);

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
