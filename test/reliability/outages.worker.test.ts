import { flowSecurityKeys } from 'flow-security-keys/hono';
import { inject } from 'vitest';
import { outages } from './outages.ts';

outages(
  'the HTTP worker',
  inject('faultyEndpoints').workerd,
  (keyStore, keyCache) => {
    const authorization = { isDevelopment: true };
    const app = flowSecurityKeys({ keyStore, keyCache, authorization, log: () => {} });
    return async (ciphertext) => {
      const response = await app.request('http://localhost/v1/decrypt', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ciphertext }),
      });
      const answer: { plaintext?: string; code?: string } = await response.json();
      return answer.plaintext ?? answer.code ?? '';
    };
  },
  { sharesLookups: false },
);
