import { readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { startServer } from 'flow-security-keys/node';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { privateKeyBinding } from '../../adapters/stores/names.ts';
import { writeKeyDirectory } from '../../demo/key-directory.ts';
import type { LocalService } from '../../demo/local-service.ts';
import { startNode } from '../../demo/node.ts';
import { startLambda } from '../../demo/runtimes.ts';
import { type Bytes, forge, randomBytes, toBase64, wrapped, wrappingKeyOf } from '../hostile/forge.ts';
import { type HostileMessage, hostileMessages } from '../hostile/messages.ts';
import {
  contactFlowEvent,
  parameterName,
  privateKeyOf,
  recordingNamed,
  testKeyStore,
  testKeys,
} from '../recordings/recordings.ts';
import { consumerDocuments } from '../support/consumer-documents.ts';
import { sha256Hex } from '../support/sha256.ts';
import { startWorkerd } from '../support/workerd.ts';

// What a stranger, or a caller with a token, may try against each runtime. Counts and processor time fail; how long
// others wait is printed, and fails only where it is far from what it should be, as machines are noisy.

const card = recordingNamed('java rsa2048-card-number');
const [key] = testKeys;
if (key === undefined) throw new Error('There is no test key.');

/** A message may cost so many normal ones, and a batch so many for each of its items; and half as much again, as noise. */
const [perMessage, perItem, noise] = [3, 1.2, 1.5];
/** How late an answer may be after TIMEOUT, in milliseconds; it fails past four times that. */
const overrunAim = 250;

const messages: readonly (HostileMessage & { readonly ciphertext: string })[] = (
  await Promise.all([hostileMessages(), largest()])
)
  .flat()
  .map((message) => ({ ...message, ciphertext: toBase64(message.bytes) }));

/** As large as a message may be: data keys that are all short, or all of full length. */
async function largest(): Promise<readonly HostileMessage[]> {
  const encrypted = await wrapped(randomBytes(32), key?.keyId ?? '', await wrappingKeyOf(key?.privateKeyPkcs8 ?? ''));
  const filled = async (name: string, bytes: Bytes, count: number) => ({
    name,
    code: 'unsupported_message',
    operations: 0 as const,
    bytes: await forge({ encryptedDataKeys: Array.from({ length: count }, () => ({ ...encrypted, bytes })) }),
  });
  return Promise.all([
    filled('64 KB of data keys of one byte', new Uint8Array(1), 1_150),
    filled('64 KB of data keys of full length', randomBytes(256), 208),
  ]);
}

/** The processor time of a process until now, in milliseconds. */
function processorTime(processId: number): number {
  const [, fields = ''] = readFileSync(`/proc/${processId}/stat`, 'utf8').split(') ');
  // Fields 14 and 15 of proc(5), in hundredths of a second.
  const [user, system] = fields.split(' ').slice(11, 13).map(Number);
  return ((user ?? 0) + (system ?? 0)) * 10;
}

interface Target {
  readonly name: string;
  readonly processId: number;
  /** Sends one message. */
  send(ciphertext: string): Promise<unknown>;
  sendBatch?(ciphertexts: readonly string[]): Promise<unknown>;
  stop(): Promise<unknown>;
}

async function post(origin: string, path: string, body: unknown, token = 'attacker'): Promise<Response> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  return fetch(origin + path, { method: 'POST', headers, body: JSON.stringify(body) });
}

function httpTarget(name: string, { origin, processId, stop }: LocalService): Target {
  return {
    name,
    processId,
    send: async (ciphertext) => (await post(origin, '/v1/decrypt', { ciphertext })).text(),
    sendBatch: async (ciphertexts) =>
      (await post(origin, '/v1/decrypt/batch', { items: ciphertexts.map((ciphertext) => ({ ciphertext })) })).text(),
    stop,
  };
}

const hashes = ['attacker', 'other'].map((token) => `${sha256Hex(token)}:consumers=*`).join(' ');

let directory: string;
const ssm = { requests: 0, isSilent: false, endpoint: '', stop: async () => {} };

beforeAll(async () => {
  directory = await writeKeyDirectory(testKeys.map(({ keyId }) => [keyId, privateKeyOf({ keyId })] as const));
  await mkdir(join(directory, 'consumers'));
  await writeFile(join(directory, 'consumers/ledger.json'), consumerDocuments().get('ledger') ?? '');
  const parameters = new Map(testKeys.map(({ keyId }) => [parameterName(keyId), privateKeyOf({ keyId })]));
  const server = createServer(async (request, response) => {
    const { Name: name } = (await json(request)) as { Name: string };
    ssm.requests += 1;
    if (ssm.isSilent) return;
    const value = parameters.get(name);
    const found = { Parameter: { Name: name, Type: 'SecureString', Value: value } };
    response
      .writeHead(value === undefined ? 400 : 200, { 'content-type': 'application/x-amz-json-1.1' })
      .end(JSON.stringify(value === undefined ? { __type: 'ParameterNotFound' } : found));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  ssm.endpoint = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  ssm.stop = async () => {
    server.closeAllConnections();
    server.close();
  };
});
afterAll(async () => {
  await ssm.stop();
  await rm(directory, { recursive: true });
});

const aws = () => ({
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_ENDPOINT_URL: ssm.endpoint,
});

const targets: Readonly<Record<string, () => Promise<Target>>> = {
  'the service on Node': async () =>
    httpTarget('Node', await startNode(['--keys', directory], { BEARER_TOKEN_HASHES: hashes })),
  workerd: async () => {
    const keys = testKeys.map(({ keyId }) => [privateKeyBinding(keyId), privateKeyOf({ keyId })] as const);
    return httpTarget('workerd', await startWorkerd({ ...Object.fromEntries(keys), BEARER_TOKEN_HASHES: hashes }));
  },
  'the Lambda handler': async () => {
    const lambda = startLambda(ssm.endpoint);
    return {
      name: 'Lambda',
      processId: lambda.processId,
      send: (ciphertext) => lambda.invoke(contactFlowEvent({ 'my-secret-string': ciphertext }), 'attack'),
      stop: lambda.stop,
    };
  },
};

describe.for(Object.entries(targets))('Against %s', ([name, start]) => {
  let target: Target;
  let unit: number;

  beforeAll(async () => {
    target = await start();
    // Warm, so that what is measured is the work and not the compiler.
    for (let call = 0; call < 300; call += 1) await target.send(card.ciphertext);
    unit = await costOf(async () => {
      for (let call = 0; call < 300; call += 1) await target.send(card.ciphertext);
    }, 300);
    console.log(`${name}: a normal message costs ${unit.toFixed(2)} ms of the processor`);
  });
  afterAll(() => target.stop());

  async function costOf(work: () => Promise<void>, count: number): Promise<number> {
    const before = processorTime(target.processId);
    await work();
    return (processorTime(target.processId) - before) / count;
  }

  it('a message costs at most a few normal ones', { timeout: 120_000 }, async () => {
    const costs: [string, number][] = [];
    for (const { name: message, ciphertext } of messages) {
      const cost = await costOf(async () => {
        for (let call = 0; call < 50; call += 1) await target.send(ciphertext);
      }, 50);
      costs.push([message, cost / unit]);
    }
    costs.sort(([, left], [, right]) => right - left);
    for (const [message, cost] of costs.slice(0, 3)) console.log(`${name}: ${cost.toFixed(2)} × normal: ${message}`);
    expect(costs.filter(([, cost]) => cost > perMessage * noise)).toEqual([]);
  });

  it('a batch costs at most its items', { timeout: 120_000 }, async () => {
    if (target.sendBatch === undefined) return;
    const { sendBatch } = target;
    const batches = [
      Array.from({ length: 100 }, () => card.ciphertext),
      messages.filter(({ ciphertext }) => ciphertext.length < 2_000).map(({ ciphertext }) => ciphertext),
      Array.from({ length: 11 }, (_, index) => messages.at(-1 - (index % 2))?.ciphertext ?? ''),
    ];
    for (const batch of batches) {
      const cost = await costOf(async () => {
        for (let call = 0; call < 5; call += 1) await sendBatch(batch);
      }, 5);
      const ratio = cost / batch.length / unit;
      console.log(`${name}: a batch of ${batch.length} costs ${ratio.toFixed(2)} × normal an item`);
      // A batch of few large items has their parsing to pay, as a message has.
      expect(ratio).toBeLessThan((batch.length < 50 ? perMessage : perItem) * noise);
    }
  });
});

describe('Counts', () => {
  it('of private-key operations and of store requests are bounded, on Node', async () => {
    const privateKeys = vi.fn(testKeyStore.privateKeys);
    const bearerTokens = [{ sha256: sha256Hex('attacker') }];
    const server = await startServer({
      keyStore: { privateKeys },
      authorization: { bearerTokens },
      port: 0,
      log: () => {},
    });
    const unwrapKey = vi.spyOn(crypto.subtle, 'unwrapKey');
    let allowed = 0;
    for (const { ciphertext, operations } of messages) {
      await post(server.origin, '/v1/decrypt', { ciphertext });
      allowed += operations;
    }
    expect(unwrapKey.mock.calls.length).toBeLessThanOrEqual(allowed);
    privateKeys.mockClear();
    for (let call = 0; call < 10; call += 1) {
      const items = Array.from({ length: 100 }, () => ({ ciphertext: invented() }));
      await post(server.origin, '/v1/decrypt/batch', { items });
    }
    // Twenty at once, and two with every second.
    expect(privateKeys.mock.calls.length).toBeLessThan(30);
    vi.restoreAllMocks();
    await server.stop();
  });

  it('of store requests are bounded on workerd, and for whoever asks for readiness', async () => {
    const worker = await startWorkerd({ BEARER_TOKEN_HASHES: hashes, ...aws() });
    ssm.requests = 0;
    for (let call = 0; call < 10; call += 1) {
      const items = Array.from({ length: 100 }, () => ({ ciphertext: invented() }));
      await post(worker.origin, '/v1/decrypt/batch', { items });
    }
    expect(ssm.requests).toBeLessThan(30);
    expect((await post(worker.origin, '/v1/decrypt', { ciphertext: card.ciphertext }, 'other')).status).toBe(200);
    ssm.requests = 0;
    const statuses = await Promise.all(
      Array.from({ length: 400 }, async () => (await fetch(`${worker.origin}/readyz`)).status),
    );
    expect(ssm.requests).toBe(1);
    expect([...new Set(statuses)].every((status) => status === 200 || status === 503)).toBe(true);
    await worker.stop();
  });

  it('of lost audit lines are 0, while messages are sent', async () => {
    const service = await startNode(['--keys', directory], { BEARER_TOKEN_HASHES: hashes });
    const body = (contactId: string) => ({
      ciphertext: card.ciphertext,
      field: 'card',
      consumers: ['ledger'],
      contactId,
    });
    const answers = await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        void post(service.origin, '/v1/decrypt', { ciphertext: messages[index % messages.length]?.ciphertext });
        return (await post(service.origin, '/v1/reencrypt', body(`contact-${index}`), 'other')).status;
      }),
    );
    const written = await service.stop();
    const lines = new Set(
      Array.from(written.matchAll(/"audit":"reencryption".*?"contactId":"(contact-\d+)"/g), ([, id]) => id),
    );
    const lost = answers.filter((status, index) => status === 200 && !lines.has(`contact-${index}`));
    expect(lost).toEqual([]);
    expect(answers.filter((status) => status === 200).length).toBeGreaterThan(100);
  });
});

describe('Meanwhile', () => {
  it('another caller is served, and TIMEOUT is kept', { timeout: 120_000 }, async () => {
    const services = {
      Node: await startNode([], { BEARER_TOKEN_HASHES: hashes, TIMEOUT: '1000', ...aws() }),
      workerd: await startWorkerd({ BEARER_TOKEN_HASHES: hashes, TIMEOUT: '1000', ...aws() }),
    };
    for (const [name, { origin, stop }] of Object.entries(services)) {
      const decrypt = async () => {
        const started = performance.now();
        const { status } = await post(origin, '/v1/decrypt', { ciphertext: card.ciphertext }, 'other');
        expect(status).toBe(200);
        return performance.now() - started;
      };
      await decrypt();
      const control = await waits(decrypt);
      const large = messages.at(-1)?.ciphertext ?? '';
      let isOver = false;
      const attack = Array.from({ length: 8 }, async () => {
        while (!isOver) await post(origin, '/v1/decrypt/batch', { items: Array(11).fill({ ciphertext: large }) });
      });
      const attacked = await waits(decrypt);
      isOver = true;
      await Promise.all(attack);
      console.log(
        `${name}: another caller waits ${attacked.toFixed(0)} ms (p99), and ${control.toFixed(0)} without the attack`,
      );
      expect(attacked).toBeLessThan(4 * Math.max(overrunAim, control));

      // A store that does not answer: the call ends when its time is over.
      ssm.isSilent = true;
      const started = performance.now();
      const items = Array.from({ length: 100 }, () => ({ ciphertext: invented() }));
      await post(origin, '/v1/decrypt/batch', { items });
      const overrun = performance.now() - started - 1_000;
      ssm.isSilent = false;
      console.log(`${name}: a batch of a store that does not answer ends ${overrun.toFixed(0)} ms after TIMEOUT`);
      expect(overrun).toBeLessThan(4 * overrunAim);
      await stop();
    }
  });
});

/** The 99th percentile of a hundred calls one after the other, in milliseconds. */
async function waits(call: () => Promise<number>): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < 100; index += 1) times.push(await call());
  return times.sort((left, right) => left - right)[98] ?? 0;
}

let inventions = 0;

/** The recording under a key id that no store has. */
function invented(): string {
  inventions += 1;
  const keyId = `0000c0de-0000-4000-8000-${String(inventions).padStart(12, '0')}`;
  return btoa(atob(card.ciphertext).replace(card.keyId, keyId));
}
