import { createServer, type Server } from 'node:http';
import { flowSecurityKeys, settingsFrom } from 'flow-security-keys/hono';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { contactFlowEvent, recordingNamed, testKeyStore, testKeys } from '../recordings/recordings.ts';
import { consumerDocuments } from '../support/consumer-documents.ts';
import { sha256Hex } from '../support/sha256.ts';

const card = recordingNamed('java rsa2048-card-number');
const other = recordingNamed('java rsa3072-card-number');

afterEach(() => {
  vi.useRealTimers();
});

/** A service with the authorization from these settings. */
function service(environment: Readonly<Record<string, string>>, options: { readonly suites?: 'all' } = {}) {
  const lines: unknown[] = [];
  const app = flowSecurityKeys({
    ...settingsFrom(environment),
    ...options,
    keyStore: testKeyStore,
    consumerStore: { consumer: async (name) => consumerDocuments().get(name) },
    log: (line) => lines.push(line),
    audit: () => {},
  });
  const post = async (path: string, token: string, body: unknown) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'x-request-id': 'same' };
    return app.request(path, { method: 'POST', headers, body: JSON.stringify(body) });
  };
  const inspect = async (headers: Readonly<Record<string, string>>) =>
    app.request('/v1/inspect', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ ciphertext: card.ciphertext }),
    });
  return {
    lines,
    post,
    inspect,
    decrypt: (token: string, { ciphertext } = card) => post('/v1/decrypt', token, { ciphertext }),
  };
}

describe('Bearer tokens', () => {
  it('may be several at once, so that they can be rotated', async () => {
    const { decrypt } = service({ BEARER_TOKEN_HASHES: `${sha256Hex('old')}\n${sha256Hex('new')}` });
    expect((await decrypt('old')).status).toBe(200);
    expect((await decrypt('new')).status).toBe(200);
    expect((await decrypt('older')).status).toBe(401);
  });

  it('are refused with 429 after too many calls', async () => {
    const asked: string[] = [];
    const app = flowSecurityKeys({
      ...settingsFrom({ BEARER_TOKEN_HASHES: sha256Hex('eager') }),
      keyStore: testKeyStore,
      log: () => undefined,
      mayCall: async ({ caller }) => asked.push(caller) < 2,
    });
    const headers = { authorization: 'Bearer eager', 'content-type': 'application/json' };
    const body = JSON.stringify({ ciphertext: card.ciphertext });
    const call = async (init = headers) => app.request('/v1/decrypt', { method: 'POST', headers: init, body });
    expect((await call()).status).toBe(200);
    const refused = await call();
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '10']);
    expect(await refused.json()).toMatchObject({ code: 'rate_limited' });
    expect((await call({ ...headers, authorization: 'Bearer unknown' })).status).toBe(401);
    expect(asked).toEqual([`token:${sha256Hex('eager').slice(0, 8)}`, `token:${sha256Hex('eager').slice(0, 8)}`]);
  });

  it('may be limited to key ids, on every route that decrypts', async () => {
    const { decrypt, post } = service({ BEARER_TOKEN_HASHES: `${sha256Hex('limited')}:key-ids=${card.keyId}` });
    expect((await decrypt('limited')).status).toBe(200);
    const refused = await decrypt('limited', other);
    expect([refused.status, await refused.json()]).toMatchObject([403, { code: 'forbidden' }]);

    const items = [card, other].map(({ ciphertext }) => ({ ciphertext }));
    expect(await (await post('/v1/decrypt/batch', 'limited', { items })).json()).toMatchObject({
      results: [{ plaintext: card.plaintext }, { error: { code: 'forbidden', status: 403 } }],
    });
    const event = contactFlowEvent({ 'key-id': other.keyId, 'my-secret-string': other.ciphertext });
    expect(await (await post('/v1/connect', 'limited', event)).json()).toMatchObject({
      'status-code': 500,
      code: 'forbidden',
    });
  });

  it('may be limited to one of the key ids that a message names', async () => {
    const twoDataKeys = recordingNamed('java two-data-keys');
    const [, second] = testKeys;
    const { decrypt } = service(
      { BEARER_TOKEN_HASHES: `${sha256Hex('limited')}:key-ids=${second?.keyId}` },
      { suites: 'all' },
    );
    expect(await (await decrypt('limited', twoDataKeys)).json()).toMatchObject({ keyId: second?.keyId });
  });

  it('may be limited to routes', async () => {
    const { decrypt, post } = service({ BEARER_TOKEN_HASHES: `${sha256Hex('limited')}:routes=inspect,decryptBatch` });
    expect((await decrypt('limited')).status).toBe(403);
    expect((await post('/v1/inspect', 'limited', { ciphertext: card.ciphertext })).status).toBe(200);
  });

  it('are logged as the first digits of their hash', async () => {
    const { decrypt, lines } = service({ BEARER_TOKEN_HASHES: sha256Hex('canary-token') });
    await decrypt('canary-token');
    expect(lines).toMatchObject([{ caller: `token:${sha256Hex('canary-token').slice(0, 8)}` }]);
    expect(JSON.stringify(lines)).not.toContain('canary');
  });
});

describe('JSON Web Tokens of an issuer', () => {
  const issuer = 'https://issuer.example';
  const audience = 'flow-security-keys';
  const now = () => Math.floor(Date.now() / 1_000);
  let server: Server;
  let jwksUrl: string;
  let requests = 0;
  let published: readonly object[] | undefined = [];

  beforeAll(async () => {
    server = createServer((_request, response) => {
      requests += 1;
      if (published === undefined) response.writeHead(500).end();
      else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: published }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('The issuer has no port.');
    jwksUrl = `http://127.0.0.1:${address.port}`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  /** A service that trusts the issuer. Each path has its own cache of keys. */
  function trusting(path: string, environment: Readonly<Record<string, string>> = {}) {
    return service({
      JWT_ISSUER: issuer,
      JWT_AUDIENCE: audience,
      JWT_JWKS_URL: jwksUrl + path,
      JWT_ROUTES: 'decrypt inspect reencrypt',
      ...environment,
    });
  }

  async function makeKey(kid: string, algorithm = 'ES256') {
    const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' };
    const sign = (claims: Readonly<Record<string, unknown>> = {}) =>
      new SignJWT({ iss: issuer, aud: audience, sub: 'crm', exp: now() + 600, ...claims })
        .setProtectedHeader({ alg: algorithm, kid })
        .sign(privateKey);
    return { jwk, sign };
  }

  it('are accepted and logged with their subject, and the keys are fetched once', async () => {
    const { jwk, sign } = await makeKey('1');
    published = [jwk];
    const { decrypt, lines } = trusting('/once');
    requests = 0;
    for (let call = 0; call < 5; call += 1) expect((await decrypt(await sign())).status).toBe(200);
    expect(requests).toBe(1);
    expect(lines).toMatchObject([{ caller: 'jwt:crm' }, {}, {}, {}, {}]);
  });

  it('from Cloudflare Access name a service token in common_name', async () => {
    const { jwk, sign } = await makeKey('1');
    published = [jwk];
    const { decrypt, lines } = trusting('/service-token');
    await decrypt(await sign({ sub: '', common_name: 'crm.access' }));
    expect(lines).toMatchObject([{ caller: 'jwt:crm.access' }]);
  });

  it.for([
    ['an empty name', { sub: '', common_name: '' }],
    ['no subject at all', { sub: undefined }],
    ['a name that is not text', { sub: '', common_name: 7 }],
    ['a name of 201 characters', { sub: 'x'.repeat(201) }],
  ] as const)('are refused if they have %s', async ([, claims]) => {
    const { jwk, sign } = await makeKey('1');
    published = [jwk];
    expect((await trusting('/named').decrypt(await sign(claims))).status).toBe(401);
  });

  it('are limited to routes, key ids and fields, like bearer tokens', async () => {
    const { jwk, sign } = await makeKey('1');
    published = [jwk];
    const token = await sign();
    expect((await trusting('/routes', { JWT_ROUTES: 'inspect' }).decrypt(token)).status).toBe(403);
    expect((await trusting('/key-ids', { JWT_KEY_IDS: other.keyId }).decrypt(token)).status).toBe(403);
    expect((await trusting('/key-ids', { JWT_KEY_IDS: other.keyId }).decrypt(token, other)).status).toBe(200);
    const { post } = trusting('/fields', { JWT_FIELDS: 'cvc', JWT_CONSUMERS: '*' });
    const body = { ciphertext: card.ciphertext, field: 'card', consumers: ['ledger'] };
    expect(await (await post('/v1/reencrypt', token, body)).json()).toMatchObject({
      results: [{ error: { code: 'forbidden' } }],
    });
  });

  it('must have the required scope and claim', async () => {
    const { jwk, sign } = await makeKey('1');
    published = [jwk];
    const scoped = trusting('/scope', { JWT_SCOPE: 'keys:decrypt' });
    for (const claims of [{}, { scope: 'keys:decrypted' }, { scp: ['other'] }]) {
      expect((await scoped.decrypt(await sign(claims))).status).toBe(403);
    }
    for (const claims of [{ scope: 'openid keys:decrypt' }, { scp: ['keys:decrypt'] }, { scp: 'keys:decrypt' }]) {
      expect((await scoped.decrypt(await sign(claims))).status).toBe(200);
    }
    const claimed = trusting('/claim', { JWT_CLAIM: 'groups=payments' });
    expect((await claimed.decrypt(await sign({ groups: ['sales'] }))).status).toBe(403);
    expect((await claimed.decrypt(await sign({ groups: ['sales', 'payments'] }))).status).toBe(200);
  });

  it.for([
    { JWT_ROUTES: '' },
    { JWT_ROUTES: 'decrypt everything' },
    { JWT_KEY_IDS: '4111111111111111' },
    { JWT_FIELDS: '../x' },
    { JWT_CLAIM: 'groups' },
  ])('cannot be configured with %o', (environment) => {
    expect(() => trusting('/wrong', environment as Readonly<Record<string, string>>)).toThrow(/JWT_/);
  });

  it('are accepted in the header of Cloudflare Access', async () => {
    const { jwk, sign } = await makeKey('1');
    published = [jwk];
    const { inspect } = trusting('/access');
    expect((await inspect({ 'cf-access-jwt-assertion': await sign() })).status).toBe(200);
    expect((await inspect({ 'cf-access-jwt-assertion': await sign({ aud: 'another' }) })).status).toBe(401);
    expect((await inspect({})).status).toBe(401);
  });

  it('may encrypt for the consumers in JWT_CONSUMERS, and for none by default', async () => {
    const { jwk, sign } = await makeKey('1');
    published = [jwk];
    const body = { ciphertext: card.ciphertext, field: 'card', consumers: ['ledger', 'billing'] };
    const answered = async (path: string, environment: Readonly<Record<string, string>>) =>
      (await trusting(path, environment).post('/v1/reencrypt', await sign({ consumers: ['*'] }), body)).json();
    const forbidden = { error: { code: 'forbidden' } };
    expect(await answered('/nobody', {})).toMatchObject({ results: [forbidden, forbidden] });
    expect(await answered('/somebody', { JWT_CONSUMERS: 'billing' })).toMatchObject({
      results: [forbidden, { format: 'jwe' }],
    });
    expect(() => trusting('/wrong', { JWT_CONSUMERS: '../x' })).toThrow('consumers');
  });

  it('are accepted along with bearer tokens', async () => {
    const { jwk, sign } = await makeKey('1');
    published = [jwk];
    const { decrypt } = trusting('/beside', { BEARER_TOKEN_HASHES: sha256Hex('token') });
    expect((await decrypt(await sign())).status).toBe(200);
    expect((await decrypt('token')).status).toBe(200);
  });

  it('are accepted with a new key of the issuer, half a minute after its keys were last fetched', async () => {
    const first = await makeKey('1');
    published = [first.jwk];
    const { decrypt } = trusting('/rotated');
    expect((await decrypt(await first.sign())).status).toBe(200);
    const second = await makeKey('2');
    published = [first.jwk, second.jwk];
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 31_000 });
    expect((await decrypt(await second.sign())).status).toBe(200);
    expect((await decrypt(await first.sign())).status).toBe(200);
    published = [second.jwk];
    vi.setSystemTime(Date.now() + 11 * 60_000);
    expect((await decrypt(await second.sign())).status).toBe(200);
    expect((await decrypt(await first.sign())).status).toBe(401);
  });

  it('get the same response for every defect', async () => {
    const { jwk, sign } = await makeKey('1');
    const stranger = await makeKey('1');
    const unknown = await makeKey('unknown');
    published = [jwk];
    const { decrypt } = trusting('/refused', { BEARER_TOKEN_HASHES: sha256Hex('token') });
    const [header = '', claims = '', signature = ''] = (await sign()).split('.');
    const unsigned = `${btoa('{"alg":"none"}').replaceAll('=', '')}.${claims}.`;
    // The public key, used as the secret of an HMAC.
    const confused = await new SignJWT({ iss: issuer, aud: audience, exp: now() + 600 })
      .setProtectedHeader({ alg: 'HS256', kid: '1' })
      .sign(new TextEncoder().encode(JSON.stringify(jwk)));
    const tokens = [
      'wrong',
      await sign({ exp: now() - 60 }),
      await sign({ exp: undefined }),
      await sign({ nbf: now() + 600 }),
      await sign({ iss: 'https://elsewhere.example' }),
      await sign({ aud: 'another' }),
      await stranger.sign(),
      await unknown.sign(),
      unsigned,
      confused,
      `${header}.${claims}.${signature.slice(0, -4)}AAAA`,
      'a.b.c',
      '..',
    ];
    const answers = [];
    for (const token of tokens) {
      const response = await decrypt(token);
      const headers = Object.fromEntries(response.headers);
      // Random for each request.
      for (const name of ['traceparent', 'content-security-policy', 'x-request-id']) delete headers[name];
      const body = (await response.text()).replace(response.headers.get('x-request-id') ?? '', '');
      answers.push({ status: response.status, headers, body });
    }
    expect(answers[0]).toMatchObject({ status: 401, body: expect.stringContaining('"unauthorized"') });
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  });

  it('are refused if their algorithm is not allowed', async () => {
    const { jwk, sign } = await makeKey('1', 'PS256');
    published = [jwk];
    expect((await trusting('/ps256').decrypt(await sign())).status).toBe(401);
    expect((await trusting('/ps256', { JWT_ALGORITHMS: 'PS256' }).decrypt(await sign())).status).toBe(200);
  });

  it('get issuer_unavailable, not unauthorized, while the issuer is down', async () => {
    const { sign } = await makeKey('1');
    published = undefined;
    const { decrypt } = trusting('/down');
    requests = 0;
    for (let call = 0; call < 5; call += 1) {
      const response = await decrypt(await sign());
      expect([response.status, await response.json()]).toMatchObject([503, { code: 'issuer_unavailable' }]);
    }
    expect(requests).toBe(1);
  });

  it('get issuer_unavailable if the key set is too large', async () => {
    const { jwk, sign } = await makeKey('1');
    published = [jwk, { filler: 'x'.repeat(65_536) }];
    const response = await trusting('/large').decrypt(await sign());
    expect([response.status, await response.json()]).toMatchObject([503, { code: 'issuer_unavailable' }]);
  });
});
