import { createDecryptor } from 'flow-security-keys';
import { createApp } from 'flow-security-keys/worker';
import { inject } from 'vitest';
import { outages } from './outages.ts';

outages('the HTTP worker', inject('faultyEndpoints').workerd, (keyStore, keyCache) => {
  const app = createApp(() => ({
    // A decryptor for each request over one cache, as in the Worker's entry point.
    decryptor: createDecryptor({ keyStore, keyCache }),
    authorization: { bearerTokenHashes: [], isDevelopment: true },
    log: () => {},
  }));
  return async (ciphertext) => {
    const response = await app.request('http://localhost/v1/decrypt', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ciphertext }),
    });
    const answer: { plaintext?: string; code?: string } = await response.json();
    return answer.plaintext ?? answer.code ?? '';
  };
});
