import type { KeyStore } from 'flow-security-keys';
import { decryptFields, flowSecurityKeys } from 'flow-security-keys/hono';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { recordingNamed, testKeyStore } from '../recordings/recordings.ts';

const card = recordingNamed('java rsa2048-card-number');
const cvc = recordingNamed('java rsa2048-cvc');

const keyStore: KeyStore = testKeyStore;

function post(body: string, headers = { 'content-type': 'application/json' }): RequestInit {
  return { method: 'POST', headers, body };
}

describe('decryptFields in your own app', () => {
  const app = new Hono();
  app.post('/pay', decryptFields({ keyStore, fields: ['card', 'payment.cvc', '__proto__.x'] }), async (context) =>
    context.json({ handled: await context.req.json(), length: (await context.req.text()).length }),
  );

  it('gives the handler the decrypted fields, and the other members unchanged', async () => {
    const body = { card: card.ciphertext, payment: { cvc: cvc.ciphertext, amount: 12 }, note: 'é' };
    const response = await app.request('/pay', post(JSON.stringify(body)));
    const handled = { card: card.plaintext, payment: { cvc: '123', amount: 12 }, note: 'é' };
    expect(await response.json()).toEqual({ handled, length: JSON.stringify(handled).length });
  });

  it('gives the handler the decrypted fields by name, with a store made from the request', async () => {
    const asked: string[] = [];
    const worker = new Hono<{ Bindings: { keys: KeyStore } }>();
    const decrypted = decryptFields({ keyStore: ({ env }) => env.keys, fields: ['card', 'cvc'] });
    worker.post('/pay', decrypted, (context) => {
      const { card: number, cvc: code }: { card?: string; cvc?: string } = context.var.decryptedFields;
      return context.json({ number, code: code ?? 'absent' });
    });
    for (const _request of [1, 2]) {
      const keys: KeyStore = {
        privateKeys(keyId, options) {
          asked.push(keyId);
          return keyStore.privateKeys(keyId, options);
        },
      };
      const response = await worker.request('/pay', post(JSON.stringify({ card: card.ciphertext })), { keys });
      expect(await response.json()).toEqual({ number: card.plaintext, code: 'absent' });
    }
    // The requests share one cache, though each has its own store.
    expect(asked).toEqual([card.keyId]);
  });

  it('leaves absent fields absent', async () => {
    for (const body of ['{"other":1}', '{"payment":null}', '[]', 'null', '"text"']) {
      const response = await app.request('/pay', post(body));
      expect((await response.json()).handled).toEqual(JSON.parse(body));
    }
  });

  it.for<[string, unknown, string, number]>([
    ['Timeout', 'Timeout', 'no_caller_input', 422],
    ['not a ciphertext', 'x', 'malformed_ciphertext', 422],
    ['not text', 7, 'malformed_ciphertext', 422],
    [
      'encrypted for an unknown key',
      btoa(atob(card.ciphertext).replace(card.keyId, crypto.randomUUID())),
      'unknown_key',
      404,
    ],
  ])('responds with a problem that names the field if it is %s', async ([, value, code, status]) => {
    const response = await app.request('/pay', post(JSON.stringify({ card: value })));
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({ code, field: 'card' });
  });

  it('responds with a problem if the body is not JSON', async () => {
    const response = await app.request('/pay', post('{'));
    expect([response.status, await response.json()]).toMatchObject([400, { code: 'invalid_json' }]);
  });
});

describe('flowSecurityKeys in your own app', () => {
  const app = new Hono();
  app.route('/keys', flowSecurityKeys({ keyStore, authorization: { isDevelopment: true }, log: () => {} }));
  app.get('/', (context) => context.text('mine'));

  it('serves its routes under the path, and leaves other routes alone', async () => {
    const decrypted = await app.request('/keys/v1/decrypt', post(JSON.stringify({ ciphertext: card.ciphertext })));
    expect(await decrypted.json()).toMatchObject({ plaintext: card.plaintext });
    const mine = await app.request('/');
    expect([await mine.text(), mine.headers.get('traceparent')]).toEqual(['mine', null]);
  });

  it('serves pages whose links work there', async () => {
    for (const path of ['/keys', '/keys/flow', '/keys/docs', '/keys/no/such/page']) {
      const page = await app.request(path, { headers: { accept: 'text/html' } });
      const links = [...(await page.text()).matchAll(/href="([^"#][^"]*)"/g)].map(([, link]) => link ?? '');
      expect(links.length).toBeGreaterThan(2);
      for (const link of links) {
        const { pathname } = new URL(link, `http://localhost${path}`);
        expect([path, link, (await app.request(pathname)).status, pathname.startsWith('/keys')]).toEqual([
          path,
          link,
          200,
          true,
        ]);
      }
    }
  });

  it('responds with its own errors there', async () => {
    const unknown = await app.request('/keys/nowhere');
    expect([unknown.status, await unknown.json()]).toMatchObject([404, { code: 'not_found' }]);
    const method = await app.request('/keys/v1/decrypt');
    expect([method.status, await method.json()]).toMatchObject([405, { code: 'method_not_allowed' }]);

    const refused = await app.request('/keys/v1/decrypt', post('{'));
    expect([refused.status, await refused.json()]).toMatchObject([400, { code: 'invalid_json' }]);
  });
});
