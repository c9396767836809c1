import { exports } from 'cloudflare:workers';
import { describe, expect, inject, it } from 'vitest';
import { examples } from '../../adapters/http/description/examples.ts';
import { errorCodes } from '../../src/index.ts';
import { articleRecording, messageIdOf, recordedEvent, recordingNamed, testKeys } from '../recordings/recordings.ts';

const card = recordingNamed('java rsa2048-card-number');
const jsonType = { 'content-type': 'application/json' };

function request(path: string, init: RequestInit = {}): Promise<Response> {
  return exports.default.fetch(new Request(`https://service.example${path}`, init));
}

function post(path: string, body: unknown, headers: Record<string, string> = jsonType): Promise<Response> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return request(path, {
    method: 'POST',
    headers: { authorization: `Bearer ${inject('bearerToken')}`, ...headers },
    body: text,
  });
}

async function expectProblem(response: Response, status: number, code: string): Promise<void> {
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  const body = await response.json();
  expect(body).toEqual({
    type: `urn:flow-security-keys:${code}`,
    title: expect.any(String),
    status,
    detail: expect.any(String),
    code,
    requestId: response.headers.get('x-request-id'),
  });
  expect(response.status).toBe(status);
}

describe('POST /v1/decrypt', () => {
  it('returns the plaintext, the key id, the suite and the context', async () => {
    const response = await post('/v1/decrypt', { ciphertext: card.ciphertext, keyId: card.keyId });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      plaintext: '4444444444444444',
      encoding: 'utf-8',
      keyId: card.keyId,
      suite: '0378',
      encryptionContext: { 'aws-crypto-public-key': expect.any(String) },
      messageId: messageIdOf(card.ciphertext),
    });
  });

  it('needs no key id', async () => {
    expect(await (await post('/v1/decrypt', { ciphertext: card.ciphertext })).json()).toMatchObject({
      keyId: card.keyId,
    });
  });

  it.for<[string, unknown, number, string]>([
    ['an empty ciphertext', { ciphertext: '' }, 400, 'missing_parameter'],
    ['Timeout', { ciphertext: 'Timeout' }, 422, 'no_caller_input'],
    ['text that is not base64', { ciphertext: '%' }, 422, 'malformed_ciphertext'],
    ['an unsigned suite', { ciphertext: recordingNamed('java unsigned-suite').ciphertext }, 422, 'unsupported_message'],
    ['another key id', { ciphertext: card.ciphertext, keyId: testKeys[1]?.keyId }, 422, 'key_id_mismatch'],
    ['a key id with a path', { ciphertext: card.ciphertext, keyId: '../x' }, 400, 'invalid_key_id'],
    ['no ciphertext', {}, 400, 'invalid_request'],
    ['a ciphertext that is not text', { ciphertext: 7 }, 400, 'invalid_request'],
    ['null', null, 400, 'invalid_request'],
    ['an array', [], 400, 'invalid_request'],
    ['a prototype', '{"__proto__":{"ciphertext":"x"}}', 400, 'invalid_request'],
    ['text that is not JSON', '{"ciphertext":', 400, 'invalid_json'],
  ])('responds to %s with a problem', async ([, body, status, code]) => {
    await expectProblem(await post('/v1/decrypt', body), status, code);
  });

  it('refuses 20 MB, announced or in chunks', async () => {
    const body = JSON.stringify({ ciphertext: 'A'.repeat(20 * 1024 * 1024) });
    await expectProblem(await post('/v1/decrypt', body), 413, 'body_too_large');
    const chunked = await request('/v1/decrypt', {
      method: 'POST',
      headers: { authorization: `Bearer ${inject('bearerToken')}`, ...jsonType },
      body: new Blob([body]).stream(),
    });
    await expectProblem(chunked, 413, 'body_too_large');
  });

  it('refuses a body that is not declared as JSON', async () => {
    await expectProblem(
      await post('/v1/decrypt', '{}', { 'content-type': 'text/plain' }),
      415,
      'unsupported_media_type',
    );
  });
});

describe('POST /v1/decrypt/batch', () => {
  it('returns a result or an error for each item, in order', async () => {
    const items = [
      { ciphertext: card.ciphertext },
      { ciphertext: '' },
      { ciphertext: card.ciphertext, keyId: '../x' },
      { ciphertext: recordingNamed('java rsa2048-cvc').ciphertext, keyId: card.keyId },
    ];
    const response = await post('/v1/decrypt/batch', { items });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      results: [
        { plaintext: '4444444444444444' },
        { error: { code: 'missing_parameter', status: 400, requestId: response.headers.get('x-request-id') } },
        { error: { code: 'invalid_key_id', status: 400 } },
        { plaintext: '123' },
      ],
    });
  });

  it.for<[string, unknown]>([
    ['no items', { items: [] }],
    ['101 items', { items: Array(101).fill({ ciphertext: 'x' }) }],
    ['an item that does not match the schema', { items: [{ ciphertext: card.ciphertext }, { ciphertext: 7 }] }],
  ])('refuses %s as a whole', async ([, body]) => {
    await expectProblem(await post('/v1/decrypt/batch', body), 400, 'invalid_request');
  });

  it('takes 100 items', async () => {
    const items = Array(100).fill({ ciphertext: card.ciphertext });
    const { results } = await (await post('/v1/decrypt/batch', { items })).json();
    expect(results).toHaveLength(100);
    for (const result of results) expect(result).toMatchObject({ plaintext: card.plaintext });
  });
});

describe('POST /v1/connect', () => {
  it('responds to an event as the Lambda function does, with the id of the request', async () => {
    const response = await post('/v1/connect', recordedEvent(card), { ...jsonType, 'x-request-id': 'request-1' });
    expect(response.headers.get('x-request-id')).not.toBe('request-1');
    expect(await response.json()).toEqual({
      'status-code': 200,
      data: {
        success: true,
        message: 'Data decrypted successfully',
        contactId: '5ca32fbd-8f92-46af-92a5-6b0f970f0efe',
        requestId: response.headers.get('x-request-id'),
        decryptedData: '4444444444444444',
        dataLength: 16,
      },
    });
  });
});

describe('POST /v1/inspect', () => {
  it('reads a message without a key', async () => {
    const response = await post('/v1/inspect', { ciphertext: card.ciphertext });
    expect(await response.json()).toMatchObject({ suite: { id: '0378' }, plaintextBytes: 16, signature: 'valid' });
  });

  it('returns what the example in /openapi.json shows', async () => {
    const { body, answer } = examples.inspect;
    expect(await (await post('/v1/inspect', body)).json()).toEqual(answer);
  });
});

describe('Every route', () => {
  it('says that the service is up, to anyone', async () => {
    const response = await request('/healthz');
    expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }]);
  });

  it('says whether the service can decrypt, to anyone', async () => {
    const response = await request('/readyz');
    expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }]);
  });

  it('is described in /openapi.json and on a page that loads nothing else', async () => {
    const document = await (await request('/openapi.json')).json();
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toEqual([
      '/v1/decrypt',
      '/v1/decrypt/batch',
      '/v1/reencrypt',
      '/v1/inspect',
      '/v1/connect',
      '/healthz',
      '/readyz',
    ]);
    const page = await request('/docs');
    const text = await page.text();
    for (const path of Object.keys(document.paths)) expect(text).toContain(path);
    expect(text).not.toMatch(/<img|<link|src=|(?<!openapi.json)href="https?:/);
    const [body, success] = [
      document.paths['/v1/decrypt'].post.requestBody,
      document.paths['/v1/decrypt'].post.responses[200],
    ];
    expect(body.content['application/json'].example.ciphertext).toBe(articleRecording.ciphertext);
    expect(success.content['application/json'].example.keyId).toBe(articleRecording.keyId);
    for (const code of Object.keys(errorCodes)) expect(text).toContain(`<tr id="${code}">`);
    const [, nonce] = text.match(/<style nonce="([^"]+)"/) ?? [];
    expect(page.headers.get('content-security-policy')).toBe(
      [
        `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; connect-src 'self'`,
        `base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      ].join('; '),
    );
  });

  it('has pages with one inline script, which its nonce allows', async () => {
    for (const [path, title] of [
      ['/', 'Inspect a ciphertext'],
      ['/flow', 'Check a contact flow'],
    ] as const) {
      const page = await request(path);
      const text = await page.text();
      expect(text).toContain(`<h1>${title}</h1>`);
      const [, nonce] = text.match(/<script type="module" nonce="([^"]+)"/) ?? [];
      expect(page.headers.get('content-security-policy')).toContain(`script-src 'nonce-${nonce}'`);
      expect(page.headers.get('content-security-policy')).toContain("connect-src 'none'");
      expect(text.match(/<\/script>/g)).toHaveLength(1);
    }
  });

  it('continues the trace of its caller', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const continued = await request('/healthz', { headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` } });
    expect(continued.headers.get('traceparent')).toMatch(
      new RegExp(`^00-${traceId}-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$`),
    );
    for (const traceparent of [
      '',
      'x',
      `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
      `ff-${traceId}-00f067aa0ba902b7-01`,
    ]) {
      const begun = await request('/healthz', { headers: { traceparent } });
      expect(begun.headers.get('traceparent')).toMatch(/^00-(?!0{32})[0-9a-f]{32}-[0-9a-f]{16}-00$/);
      expect(begun.headers.get('traceparent')).not.toContain(traceId);
    }
  });

  it('forbids caching', async () => {
    for (const response of [await request('/healthz'), await post('/v1/decrypt', {}), await request('/nowhere')]) {
      expect(response.headers.get('cache-control')).toBe('no-store');
    }
  });

  it('responds the same to a missing, a malformed and a wrong token', async () => {
    const answers = [];
    for (const authorization of [
      undefined,
      'Basic x',
      'Bearer',
      'Bearer wrong',
      `bearer-${inject('bearerToken')}`,
      'Bearer ü',
    ]) {
      const headers = {
        ...jsonType,
        ...(authorization && { authorization: encodeURI(authorization) }),
      };
      const response = await request('/v1/decrypt', { method: 'POST', headers, body: '{}' });
      const text = (await response.text()).replace(response.headers.get('x-request-id') ?? '', '');
      answers.push([response.status, response.headers.get('www-authenticate'), text]);
    }
    expect(answers[0]).toMatchObject([
      401,
      'Bearer realm="flow-security-keys"',
      expect.stringContaining('"unauthorized"'),
    ]);
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  });

  it('names the methods that a route takes', async () => {
    const response = await request('/v1/decrypt', {
      method: 'PUT',
      headers: { authorization: `Bearer ${inject('bearerToken')}` },
    });
    expect(response.headers.get('allow')).toBe('POST');
    await expectProblem(response, 405, 'method_not_allowed');
  });

  it('responds to an unknown route with a problem, or a page for a browser', async () => {
    await expectProblem(await request('/nowhere'), 404, 'not_found');
    const page = await request('/nowhere', { headers: { accept: 'text/html,*/*;q=0.8' } });
    expect([page.status, page.headers.get('content-type')]).toEqual([404, 'text/html; charset=UTF-8']);
    expect(await page.text()).toContain('<h1>Page not found</h1>');
  });
});
