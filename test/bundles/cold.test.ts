import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { privateKeyOf, recordingNamed } from '../recordings/recordings.ts';
import { awsSettings } from '../support/aws-settings.ts';
import { sha256Hex } from '../support/sha256.ts';
import { type BareWorkerd, startWorkerd } from '../support/workerd.ts';

const card = recordingNamed('java rsa2048-card-number');

let ssm: Server;
let worker: BareWorkerd;
const waiting: ServerResponse[] = [];

beforeAll(async () => {
  ssm = createServer((_, response) => {
    waiting.push(response);
    ssm.emit('asked');
  });
  ssm.listen(0, '127.0.0.1');
  await once(ssm, 'listening');
  const address = ssm.address();
  const endpoint = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  worker = await startWorkerd({ BEARER_TOKEN_HASHES: sha256Hex('token'), ...awsSettings(endpoint) });
});
afterAll(async () => {
  await worker.stop();
  ssm.closeAllConnections();
  ssm.close();
});

function decrypt(origin: string): Promise<Response> {
  return fetch(`${origin}/v1/decrypt`, {
    method: 'POST',
    headers: { authorization: 'Bearer token', 'content-type': 'application/json' },
    body: JSON.stringify({ ciphertext: card.ciphertext }),
  });
}

it('A cold isolate serves fifty simultaneous requests although the first to ask the store is aborted', async () => {
  const asked = once(ssm, 'asked');
  // It starts the lookup, and its client disconnects before the store responds.
  const given = decrypt(worker.impatientOrigin);
  await asked;
  const others = Array.from({ length: 49 }, () => decrypt(worker.origin));
  expect((await given).status).toBe(499);
  const found = JSON.stringify({ Parameter: { Type: 'SecureString', Value: privateKeyOf(card) } });
  const give = (response: ServerResponse) =>
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' }).end(found);
  ssm.removeAllListeners('request');
  ssm.on('request', (_, response) => give(response));
  for (const response of waiting) give(response);
  const responses = await Promise.all(others);
  expect(responses.map(({ status }) => status)).toEqual(Array(49).fill(200));
});
