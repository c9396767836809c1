import { generateKeyPairSync, randomInt, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startLambda } from '../../demo/runtimes.ts';
import { awsTestClient } from '../key-stores/aws.ts';
import { parameterName, recordedEvent } from '../recordings/recordings.ts';
import { awsSettings } from '../support/aws-settings.ts';
import { encrypted } from '../support/encrypted.ts';
import { type FaultyProxy, faultControl, startFaultyProxy } from '../support/faulty-proxy.ts';
import { sha256Hex } from '../support/sha256.ts';
import { startWorkerd } from '../support/workerd.ts';

const callers = 16;
const bearerToken = 'token-of-this-test';
// Messages under a retired or replaced key stay in flight for a while.
const overlap = 2_000;
// A key is read again for a message that it does not decrypt, if it was last read ten seconds ago.
const minimumRefreshAge = 10_000;

interface Message {
  readonly keyId: string;
  readonly plaintext: string;
  readonly ciphertext: string;
}

/** Decrypts a message through one of the adapters, and returns the plaintext. */
type Decrypt = (message: Message) => Promise<string>;

describe.skipIf(inject('awsEndpoint') === null)('Rotation, with moto', () => {
  const ssm = new SSMClient(awsTestClient());
  let proxy: FaultyProxy;
  const services = new Map<string, { readonly decrypt: Decrypt; stop(): Promise<unknown> }>();

  beforeAll(async () => {
    proxy = await startFaultyProxy(inject('ssmEndpoint'));
    services.set('the Lambda handler', lambdaService(proxy.endpoint));
    services.set('the worker', await workerService(proxy.endpoint));
  });
  afterAll(async () => {
    await Promise.all(Array.from(services.values(), ({ stop }) => stop()));
    await proxy.stop();
  });

  it.for([['the Lambda handler'], ['the worker']])('fails no call of %s', async ([name = ''], { annotate }) => {
    const service = services.get(name);
    if (service === undefined) throw new Error(`There is no ${name}.`);
    const load = startLoad(service.decrypt);
    const requestsBefore = await faultControl(proxy.endpoint).requests();

    // The rotation of the article: a second key id is added, then the first is retired.
    const old = await storeKey(ssm, randomUUID());
    load.use([old]);
    await load.firstAnswerUnder(old);
    const fresh = await storeKey(ssm, randomUUID());
    load.use([old, fresh]);
    const newKeyId = await load.firstAnswerUnder(fresh);
    await sleep(overlap);
    load.use([fresh]);
    await load.settled();
    await ssm.send(new DeleteParameterCommand({ Name: parameterName(old.keyId) }));

    // Another private key under the same id.
    await sleep(minimumRefreshAge);
    const replacement = await storeKey(ssm, fresh.keyId);
    load.use([fresh, replacement]);
    const sameKeyId = await load.firstAnswerUnder(replacement);
    await sleep(overlap);
    load.use([replacement]);
    await load.settled();

    const { calls, failures } = await load.stop();
    const requests = (await faultControl(proxy.endpoint).requests()) - requestsBefore;
    await annotate(
      `${name}: ${calls} calls by ${callers} callers, failures = ${failures.length}; ${requests} store requests; ` +
        `the new key was used after ${newKeyId} ms under a new id, after ${sameKeyId} ms under the same id`,
    );
    expect(failures).toEqual([]);
    expect(calls).toBeGreaterThan(1_000);
    // One for each of the three keys. A Worker's requests cannot share a lookup.
    expect(requests).toBeLessThanOrEqual(name === 'the worker' ? 3 * callers : 3);
  });
});

function lambdaService(endpoint: string) {
  const lambda = startLambda(endpoint);
  return {
    async decrypt(message: Message) {
      const { answer } = await lambda.invoke(recordedEvent(message), 'request');
      return JSON.parse(answer).data.decryptedData ?? answer;
    },
    stop: () => lambda.stop(),
  };
}

async function workerService(endpoint: string) {
  const workerd = await startWorkerd({
    BEARER_TOKEN_HASHES: sha256Hex(bearerToken),
    ...awsSettings(endpoint),
  });
  return {
    async decrypt({ ciphertext }: Message) {
      const response = await fetch(`${workerd.origin}/v1/decrypt`, {
        method: 'POST',
        headers: { authorization: `Bearer ${bearerToken}`, 'content-type': 'application/json' },
        body: JSON.stringify({ ciphertext }),
      });
      const answer = await response.text();
      return JSON.parse(answer).plaintext ?? answer;
    },
    stop: () => workerd.stop(),
  };
}

interface Key {
  readonly keyId: string;
  readonly messages: readonly Message[];
}

/** Stores a new private key, replacing any earlier one of the key id, and encrypts with its public key. */
async function storeKey(ssm: SSMClient, keyId: string): Promise<Key> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const input = { Name: parameterName(keyId), Value: pem, Type: 'SecureString', Overwrite: true } as const;
  await ssm.send(new PutParameterCommand(input));
  const messages = Array.from({ length: 20 }, async () => {
    const plaintext = String(randomInt(1e12)).padStart(16, '4');
    return { keyId, plaintext, ciphertext: await encrypted(plaintext, keyId, publicKey) };
  });
  return { keyId, messages: await Promise.all(messages) };
}

/** Callers that decrypt without pause, each a message under one of the keys in use. */
function startLoad(decrypt: Decrypt) {
  const failures: string[] = [];
  let calls = 0;
  let keys: readonly Key[] = [];
  let isStopped = false;
  let answered = Promise.withResolvers<Key>();
  const underWay = new Set<Promise<void>>();

  async function call(): Promise<void> {
    const key = keys[randomInt(keys.length)];
    const message = key?.messages[randomInt(key.messages.length)];
    if (key === undefined || message === undefined) return;
    const answer = await decrypt(message).catch((error: unknown) => String(error));
    calls += 1;
    if (answer !== message.plaintext) {
      failures.push(answer);
      return;
    }
    answered.resolve(key);
    answered = Promise.withResolvers();
  }

  async function caller(): Promise<void> {
    while (!isStopped) {
      const current = call();
      underWay.add(current);
      await current;
      underWay.delete(current);
    }
  }

  let running: Promise<unknown> | undefined;
  return {
    /** Uses messages under these keys from now on. */
    use(these: readonly Key[]) {
      keys = these;
      running ??= Promise.all(Array.from({ length: callers }, caller));
    },
    /** Milliseconds until a call under the key succeeded. */
    async firstAnswerUnder(key: Key): Promise<number> {
      const started = performance.now();
      while ((await answered.promise) !== key);
      return Math.round(performance.now() - started);
    },
    /** Waits for the calls in flight. */
    async settled(): Promise<void> {
      await Promise.all(underWay);
    },
    async stop() {
      isStopped = true;
      await running;
      return { calls, failures };
    },
  };
}
