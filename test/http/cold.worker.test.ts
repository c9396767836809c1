import { env, exports } from 'cloudflare:workers';
import { beforeAll, expect, inject, it } from 'vitest';
import { forge, randomBytes, toBase64, wrapped, wrappingKeyOf } from '../hostile/forge.ts';
import { pem, testKeys } from '../recordings/recordings.ts';

const [key] = testKeys;
if (key === undefined) throw new Error('There is no test key.');

// In the KV namespace alone, so that looking it up takes a round trip of each request.
const keyId = 'c01dc01d-0000-4000-8000-000000000050';
let ciphertext: string;
beforeAll(async () => {
  await env.PRIVATE_KEYS.put(`${keyId}/private-key`, pem('PRIVATE KEY', key.privateKeyPkcs8));
  const dataKey = randomBytes(32);
  const encrypted = await wrapped(dataKey, keyId, await wrappingKeyOf(key.privateKeyPkcs8));
  ciphertext = toBase64(await forge({ dataKey, encryptedDataKeys: [encrypted] }));
});

function decrypt(signal?: AbortSignal): Promise<Response> {
  return exports.default.fetch(
    new Request('https://service.example/v1/decrypt', {
      method: 'POST',
      headers: { authorization: `Bearer ${inject('bearerToken')}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ciphertext }),
      ...(signal && { signal }),
    }),
  );
}

it('Requests that come at once to a cold isolate are all served, though one of them is given up', async () => {
  const given = new AbortController();
  const first = decrypt(given.signal).then(
    ({ status }) => status,
    () => 'given up',
  );
  const others = Array.from({ length: 49 }, () => decrypt());
  given.abort();
  const responses = await Promise.all(others);
  expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
  for (const response of responses)
    expect(await response.json()).toMatchObject({ plaintext: '4444444444444444', keyId });
  expect([200, 499, 504, 'given up']).toContain(await first);
});

it('The readiness of a cold isolate is asked of the store by one request; the others are told to ask again', async () => {
  const ready = () => exports.default.fetch(new Request('https://service.example/readyz'));
  const responses = await Promise.all(Array.from({ length: 40 }, ready));
  const statuses = responses.map(({ status }) => status);
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(0);
  for (const response of responses) {
    if (response.status !== 200) expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
  }
  expect((await ready()).status).toBe(200);
});
