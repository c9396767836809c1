import { privateKeyBinding } from '../adapters/stores/bindings.ts';
import worker from '../adapters/worker/worker.ts';
import { pem, testKeys } from '../test/recordings/recordings.ts';

// The entry point of `wrangler dev --env development` alone, so that the demonstration keys are in no
// other bundle. They reach the Worker as its own keys do: through bindings.
const demonstrationKeys = Object.fromEntries(
  testKeys.map(({ keyId, privateKeyPkcs8 }) => [privateKeyBinding(keyId), pem('PRIVATE KEY', privateKeyPkcs8)]),
);

export default {
  fetch(request: Request, bindings: Record<string, unknown>): Response | Promise<Response> {
    return worker.fetch(request, { ...demonstrationKeys, ...bindings });
  },
};
