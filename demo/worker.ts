import { privateKeyBinding } from '../adapters/stores/bindings.ts';
import worker from '../adapters/worker/worker.ts';
import { pem, testKeys } from '../test/recordings/recordings.ts';

// The entry point of `wrangler dev --env development` only, so that no other bundle holds the demonstration keys. Like real
// keys, they reach the Worker through bindings.
const demonstrationKeys = Object.fromEntries(
  testKeys.map(({ keyId, privateKeyPkcs8 }) => [privateKeyBinding(keyId), pem('PRIVATE KEY', privateKeyPkcs8)]),
);

export default {
  fetch(request: Request, bindings: Record<string, unknown>): Response | Promise<Response> {
    return worker.fetch(request, { ...demonstrationKeys, ...bindings });
  },
};
