import demonstration from '../../test/recordings/java-connect.json' with { type: 'json' };
import { bindingName } from '../key-stores/bindings.ts';
import worker from './worker.ts';

// The entry point of `wrangler dev --env development` alone, so that the demonstration keys are in no
// other bundle. They reach the Worker as its own keys do: through bindings.
const demonstrationKeys = Object.fromEntries(
  demonstration.keys.map(({ keyId, privateKeyPkcs8 }) => [
    bindingName(keyId),
    `-----BEGIN PRIVATE KEY-----\n${privateKeyPkcs8}\n-----END PRIVATE KEY-----\n`,
  ]),
);

export default {
  fetch(request: Request, bindings: Record<string, unknown>): Response | Promise<Response> {
    return worker.fetch(request, { ...demonstrationKeys, ...bindings });
  },
};
