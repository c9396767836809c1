import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { startNode } from '../demo/node.ts';
import { startParameterStore } from '../demo/parameter-store.ts';
import { parameterName, pem, recordingNamed, testKeys } from '../test/recordings/recordings.ts';
import { faultControl, startFaultyProxy } from '../test/support/faulty-proxy.ts';
import { post } from './http.ts';

const card = recordingNamed('java rsa2048-card-number');
const other = recordingNamed('java rsa3072-card-number');
const clients = 4;
/** How long one row of the table is, in seconds. */
const rowSeconds = 120;

interface Row {
  readonly times: number[];
  failures: number;
  misses: number;
}

/**
 * The service on Node under load for many minutes: keys are rotated, unknown key ids are asked for, and the key store fails.
 *
 * @returns Markdown
 */
export async function benchSoak({ minutes }: { readonly minutes: number }): Promise<string> {
  const keys = new Map(
    testKeys.map(({ keyId, privateKeyPkcs8 }) => [parameterName(keyId), pem('PRIVATE KEY', privateKeyPkcs8)] as const),
  );
  const store = await startParameterStore(keys);
  const proxy = await startFaultyProxy(store.endpoint);
  const service = await startNode([], {
    DEVELOPMENT: 'true',
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
    AWS_ENDPOINT_URL: proxy.endpoint,
  });
  const agent = new Agent({ keepAlive: true });
  const url = new URL('/v1/decrypt', service.origin);
  const end = performance.now() + minutes * 60_000;
  let row: Row = { times: [], failures: 0, misses: 0 };
  const rows: string[] = [];

  async function call(ciphertext: string): Promise<void> {
    const started = performance.now();
    await post(url, JSON.stringify({ ciphertext }), agent).then(
      () => row.times.push(performance.now() - started),
      () => {
        row.failures += 1;
      },
    );
  }

  async function client(index: number): Promise<void> {
    while (performance.now() < end) {
      await call(index % 2 === 0 ? card.ciphertext : other.ciphertext);
      await sleep(5);
    }
  }

  /** Key ids that no store has, a few a second. */
  async function misses(): Promise<void> {
    for (let count = 0; performance.now() < end; count += 1) {
      const keyId = `aaaaaaaa-0000-4000-8000-${String(count).padStart(12, '0')}`;
      const ciphertext = btoa(atob(card.ciphertext).replace(card.keyId, keyId));
      await post(url, JSON.stringify({ ciphertext }), agent).catch(() => {
        row.misses += 1;
      });
      await sleep(250);
    }
  }

  /** Each minute: a key is taken away and put back, and the store fails for a quarter of a minute. */
  async function disturbances(): Promise<void> {
    const control = faultControl(proxy.endpoint);
    const [name, text] = [parameterName(other.keyId), keys.get(parameterName(other.keyId)) ?? ''];
    while (performance.now() < end) {
      await sleep(15_000);
      keys.set(name, `${text}\n`);
      await sleep(15_000);
      await control.set('reset');
      await sleep(15_000);
      await control.set('throttle');
      await sleep(5_000);
      await control.set('none');
      await sleep(10_000);
    }
  }

  async function record(): Promise<void> {
    for (let seconds = rowSeconds; performance.now() < end; seconds += rowSeconds) {
      await sleep(Math.min(rowSeconds * 1_000, Math.max(0, end - performance.now())));
      const { times, failures, misses: missed } = row;
      row = { times: [], failures: 0, misses: 0 };
      const sorted = times.toSorted((one, next) => one - next);
      const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? Number.NaN).toFixed(1);
      const megabytes = Number(memoryOf(service.processId)) / 1024;
      rows.push(
        `| ${Math.min(minutes, seconds / 60)} | ${times.length} | ${failures} | ${missed} | ${at(0.5)} | ${at(0.99)} | ${megabytes.toFixed(0)} |`,
      );
    }
  }

  await Promise.all([
    ...Array.from({ length: clients }, (_, index) => client(index)),
    misses(),
    disturbances(),
    record(),
  ]);
  agent.destroy();
  await service.stop();
  await proxy.stop();
  await store.stop();
  return `The service on Node for ${minutes} minutes, with ${clients} clients that pause for 5 ms between calls. Each minute a stored key is replaced, and the
key store fails for 20 seconds; four times a second a key id is asked for that no store has.

| minutes | decrypted | failed | unknown key ids | p50, ms | p99, ms | memory, MB |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: |
${rows.join('\n')}
`;
}

/** Kilobytes of memory that the process holds. */
function memoryOf(pid: number): string {
  return readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)?.[1] ?? '';
}
