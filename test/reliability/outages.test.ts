import { createHandler } from 'flow-security-keys/lambda';
import { inject } from 'vitest';
import { contactFlowEvent } from '../recordings/recordings.ts';
import { outages } from './outages.ts';

outages(
  'the Lambda handler',
  inject('faultyEndpoints').node,
  (keyStore, keyCache) => {
    const handler = createHandler({ keyStore, keyCache, log: () => {} });
    const context = { awsRequestId: 'request', getRemainingTimeInMillis: () => 8_000 };
    return async (ciphertext) => {
      const keyId = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(atob(ciphertext))?.[0];
      const answer = await handler(contactFlowEvent({ 'key-id': keyId, 'my-secret-string': ciphertext }), context);
      const { data, code }: { data: { decryptedData?: string }; code?: string } = JSON.parse(JSON.stringify(answer));
      return data.decryptedData ?? code ?? '';
    };
  },
  { sharesLookups: true },
);
