import { exports } from 'cloudflare:workers';
import { expect, it } from 'vitest';

it('In a cold isolate, one readiness request asks the store, and the others are told to retry', async () => {
  const ready = () => exports.default.fetch(new Request('https://service.example/readyz'));
  const responses = await Promise.all(Array.from({ length: 40 }, ready));
  const statuses = responses.map(({ status }) => status);
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(0);
  for (const response of responses) {
    if (response.status !== 200) expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
  }
  expect((await ready()).status).toBe(200);
});
