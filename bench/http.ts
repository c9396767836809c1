import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNode } from '../demo/node.ts';
import type * as Package from '../src/index.ts';
import { pem, recordedEvent, recordingNamed, testKeyStore, testKeys } from '../test/recordings/recordings.ts';
import { type Cost, here, type Measurable, medians, repeat } from './measure.ts';
import { processorTime } from './processor-time.ts';

const built: string = '../dist/package/index.js';
const { createDecryptor }: typeof Package = await import(built);
const card = recordingNamed('java rsa2048-card-number');
const batchSize = 100;

interface Route {
  readonly name: string;
  readonly path: string;
  readonly body?: unknown;
}

const routes: readonly Route[] = [
  { name: 'GET /healthz', path: '/healthz' },
  { name: 'POST /v1/decrypt', path: '/v1/decrypt', body: { ciphertext: card.ciphertext } },
  {
    name: `POST /v1/decrypt/batch, ${batchSize} messages`,
    path: '/v1/decrypt/batch',
    body: { items: Array.from({ length: batchSize }, () => ({ ciphertext: card.ciphertext })) },
  },
  { name: 'POST /v1/inspect', path: '/v1/inspect', body: { ciphertext: card.ciphertext } },
  { name: 'POST /v1/connect', path: '/v1/connect', body: recordedEvent(card) },
];

/** A folder with the test keys, as `flow-keys serve --keys` reads it. */
export function keysFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bench-keys-'));
  for (const { keyId, privateKeyPkcs8 } of testKeys) {
    mkdirSync(join(folder, keyId));
    writeFileSync(join(folder, keyId, 'private-key.pem'), pem('PRIVATE KEY', privateKeyPkcs8), { mode: 0o600 });
  }
  return folder;
}

/**
 * What each route of the service on Node costs its process.
 *
 * @returns Markdown
 */
export async function benchHttp(): Promise<string> {
  const folder = keysFolder();
  const service = await startNode(['--keys', folder], { DEVELOPMENT: 'true', LOG: 'none' });
  const agent = new Agent({ keepAlive: true });
  const decryptor = createDecryptor({ keyStore: testKeyStore });
  const library = here('the library, in its own process', () => decryptor.decrypt(card.ciphertext));
  const all = [library, ...routes.map((route) => served(route, service, agent))];
  const alone = await medians(all, 40, 1);
  const many = await medians(all, 256, 64);
  agent.destroy();
  await service.stop();
  rmSync(folder, { recursive: true });
  const rows = Array.from(alone.keys(), (name) => {
    const per = name.includes('batch') ? batchSize : 1;
    const ratio = (costs: ReadonlyMap<string, Cost>) => {
      const [cost, base] = [costs.get(name)?.cpu ?? Number.NaN, costs.get(library.name)?.cpu ?? Number.NaN];
      return /decrypt|connect|library/.test(name)
        ? `${cost.toFixed(2)} (${(cost / per / base).toFixed(2)})`
        : cost.toFixed(2);
    };
    return `| ${name} | ${ratio(alone)} | ${ratio(many)} |`;
  });
  return `Milliseconds of the service's processor time a request, on Node, with its log on; in brackets the ratio of a message to the
library's own decrypt in the same run. Medians of 15 batches that take turns.

| | 1 client | 64 clients |
| --- | ---: | ---: |
${rows.join('\n')}
`;
}

function served(
  route: Route,
  service: { readonly origin: string; readonly processId: number },
  agent: Agent,
): Measurable {
  const body = route.body === undefined ? undefined : JSON.stringify(route.body);
  return {
    name: route.name,
    async measure(count, concurrency) {
      // A batch holds many messages.
      const requests = route.name.includes('batch') ? Math.max(concurrency, Math.ceil(count / 10)) : count;
      const [started, before] = [performance.now(), processorTime(service.processId)];
      await repeat(() => post(new URL(route.path, service.origin), body, agent), requests, concurrency);
      const cpu = processorTime(service.processId) - before;
      return { wall: (performance.now() - started) / requests, cpu: cpu / requests };
    },
  };
}

/** A request, whose answer must be 200. */
export function post(url: URL, body: string | undefined, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      agent,
      method: body === undefined ? 'GET' : 'POST',
      headers: { 'content-type': 'application/json' },
    });
    sent.on('error', reject).on('response', (response) => {
      let text = '';
      response
        .setEncoding('utf8')
        .on('data', (chunk: string) => {
          text += chunk;
        })
        .on('error', reject)
        .on('end', () => {
          if (response.statusCode === 200) resolve(text);
          else reject(new Error(`${url.pathname} answered ${response.statusCode}: ${text}`));
        });
    });
    sent.end(body);
  });
}
