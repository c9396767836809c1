import { spawn } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { buildClient, CommitmentPolicy, RawRsaKeyringNode } from '@aws-crypto/client-node';
import { createClient } from 'flow-security-keys/client';
import { compactDecrypt } from 'jose';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { contactFlowEvent } from '../recordings/recordings.ts';
import { startAws, type TestAws } from '../support/aws.ts';
import { awsSettings } from '../support/aws-settings.ts';
import { deployFunction } from '../support/deployed-function.ts';
import { type EmulatedFunction, hasEmulator, startEmulator } from '../support/emulator.ts';
import { encrypted } from '../support/encrypted.ts';
import { sha256Hex } from '../support/sha256.ts';
import { type BareWorkerd, startWorkerd } from '../support/workerd.ts';

const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const token = 'token-of-the-article-49297361';
const callers = 9;

describe.skipIf(inject('awsEndpoint') === null || !hasEmulator())('The article, with flow-keys alone', () => {
  let aws: TestAws;
  let lambda: EmulatedFunction;
  let worker: BareWorkerd;
  let folder: string;
  let environment: Record<string, string>;

  beforeAll(async () => {
    aws = await startAws();
    folder = await mkdtemp(join(tmpdir(), 'article-'));
    lambda = await startEmulator('index.handler', awsSettings(aws.endpoint));
    worker = await startWorkerd({
      BEARER_TOKEN_HASHES: `${sha256Hex(token)}:consumers=*`,
      ...awsSettings(aws.endpoint),
    });
    aws.invoke = oneAtATime(async (event) => JSON.parse(await lambda.invoke(event)));
    await writeFile(join(folder, 'token'), `${token}\n`);
    await writeFile(
      join(folder, 'flow-keys'),
      `#!/bin/sh\nexec "${process.execPath}" "${path('dist/cli/flow-keys.js')}" "$@"\n`,
    );
    await chmod(join(folder, 'flow-keys'), 0o755);
    environment = {
      PATH: [folder, process.env['PATH']].join(delimiter),
      INSTANCE: aws.connect.instanceId,
      FUNCTION_ARN: await deployFunction(aws),
      SERVICE: worker.origin,
      ...awsSettings(aws.endpoint),
    };
  });
  afterAll(async () => {
    await Promise.all([lambda.stop(), worker.stop()]);
    await aws.stop();
    await rm(folder, { recursive: true });
  });

  /** Runs a part of the script, and records what a terminal would show. */
  async function play(part: string, further: Readonly<Record<string, string>> = {}): Promise<string> {
    const child = spawn('bash', [path('test/article/article.sh'), part], {
      cwd: folder,
      env: { ...environment, ...further },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [[exitCode], stdout] = await Promise.all([once(child, 'close'), text(child.stdout)]);
    expect({ part, exitCode, stdout }).toMatchObject({ exitCode: 0 });
    return stdout;
  }

  it('sets up a key, rotates it under load, and retires it', { timeout: 180_000 }, async ({ annotate }) => {
    const setUp = await play('set_up');
    const ciphertext = (await readFile(join(folder, 'ciphertext.txt'), 'utf8')).trim();
    const [oldKeyId = ''] = aws.connect.securityKeys.keys();
    expect(await throughLambda(oldKeyId, ciphertext)).toBe('4444444444444444');
    expect(await throughWorker(ciphertext)).toBe('4444444444444444');

    await makeFraudKey();
    const consumed = await play('consumers', { KEY_ID: oldKeyId });
    await readByPeers(oldKeyId, ciphertext);

    // These steps happen in the console.
    const flowId = crypto.randomUUID();
    aws.connect.flows.set(flowId, await readFile(join(folder, 'flow.json'), 'utf8'));

    const load = startLoad(flowId);
    await load.untilCalls(50);
    const rotated = await play('rotate', { FLOW: flowId, WAIT: '0.05' });
    await load.untilCalls(50);
    const { calls, failures, keyIds } = await load.stop();
    await annotate(
      `rotated under load: ${calls} calls by ${callers} callers through the Lambda function, the worker and its relay for three consumers, failures = ${failures.length}`,
    );
    expect(failures).toEqual([]);
    expect([...keyIds]).toEqual([oldKeyId, ...aws.connect.securityKeys.keys()]);

    // Messages in flight decrypt until the private key is removed on purpose.
    expect(await throughLambda(oldKeyId, ciphertext)).toBe('4444444444444444');
    const retired = await play('retire', { OLD_KEY_ID: oldKeyId });

    const shown = setUp + consumed + rotated + retired;
    for (const secret of ['-----BEGIN', '4444444444444444\n', token]) expect(shown).not.toContain(secret);
    const recorded =
      (await readFile(path('docs/keys.md'), 'utf8')).match(/<!-- article -->\s+```\n([\s\S]*?)```/)?.[1] ?? '';
    if (process.env['RECORD']) await writeFile(process.env['RECORD'], readable(shown));
    expect(comparable(recorded)).toBe(comparable(readable(shown)));
  });

  /** The key of a consumer with its own tools: X25519, as a JWK. */
  async function makeFraudKey(): Promise<void> {
    const { publicKey, privateKey } = generateKeyPairSync('x25519');
    await writeFile(join(folder, 'fraud.jwk.json'), JSON.stringify(publicKey.export({ format: 'jwk' })));
    await writeFile(join(folder, 'fraud.private.jwk.json'), JSON.stringify(privateKey.export({ format: 'jwk' })));
  }

  /** The three consumers decrypt the card without this product. */
  async function readByPeers(keyId: string, ciphertext: string): Promise<void> {
    const client = createClient({ baseUrl: worker.origin, token });
    const asked = { field: 'card', consumers: ['billing', 'ledger', 'fraud'], keyId };
    const { results } = await client.reencrypt(ciphertext, asked);
    const [billing = '', ledger = '', fraud = ''] = results.map((result) => Object(result).ciphertext);
    const file = (name: string) => readFile(join(folder, name), 'utf8');

    const { decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
    const rsaKey = { privateKey: await file('billing/private-key.pem') };
    const names = { keyNamespace: 'flow-security-keys', keyName: 'billing' };
    const keyring = new RawRsaKeyringNode({ ...names, rsaKey, oaepHash: 'sha512' });
    expect((await decrypt(keyring, Buffer.from(billing, 'base64'))).plaintext.toString()).toBe('4444444444444444');
    const ledgerKey = createPrivateKey(await file('ledger/private-key.pem'));
    const fraudKey = createPrivateKey({ key: JSON.parse(await file('fraud.private.jwk.json')), format: 'jwk' });
    for (const [jwe, key] of [
      [ledger, ledgerKey],
      [fraud, fraudKey],
    ] as const) {
      expect(new TextDecoder().decode((await compactDecrypt(jwe, key)).plaintext)).toBe('4444444444444444');
    }
  }

  /** The input that the consumer with the X25519 key decrypts. */
  async function throughRelay(typed: string, ciphertext: string): Promise<unknown> {
    const client = createClient({ baseUrl: worker.origin, token });
    const { results } = await client.reencrypt(ciphertext, {
      field: 'card',
      consumers: ['billing', 'ledger', 'fraud'],
    });
    const refused = results.find((result) => 'error' in result);
    if (refused && 'error' in refused) return `${refused.consumer}: ${refused.error.code}`;
    const key = createPrivateKey({
      key: JSON.parse(await readFile(join(folder, 'fraud.private.jwk.json'), 'utf8')),
      format: 'jwk',
    });
    const jwe = results.flatMap((result) =>
      result.consumer === 'fraud' && 'ciphertext' in result ? result.ciphertext : [],
    );
    const { plaintext } = await compactDecrypt(jwe[0] ?? '', key);
    return new TextDecoder().decode(plaintext) === typed ? typed : 'the consumer reads something else';
  }

  async function throughLambda(keyId: string, ciphertext: string): Promise<unknown> {
    const answer = await aws.invoke(contactFlowEvent({ 'key-id': keyId, 'my-secret-string': ciphertext }));
    return Object(answer).data?.decryptedData ?? JSON.stringify(answer);
  }

  async function throughWorker(ciphertext: string): Promise<unknown> {
    const response = await fetch(`${worker.origin}/v1/decrypt`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ciphertext }),
    });
    const answer = Object(await response.json());
    return answer.plaintext ?? JSON.stringify(answer);
  }

  /** Callers who call the current flow, and type sixteen digits. */
  function startLoad(flowId: string) {
    const failures: unknown[] = [];
    const keyIds = new Set<string>();
    let calls = 0;
    let isStopped = false;
    let called = Promise.withResolvers<void>();

    async function call(caller: number): Promise<void> {
      const flow = JSON.parse(aws.connect.flows.get(flowId) ?? '');
      const input = flow.Actions.find(({ Type }: { readonly Type: string }) => Type === 'GetParticipantInput');
      const { EncryptionKeyId: keyId, Key: certificate } = input.Parameters.InputEncryption;
      const typed = String(4e15 + calls);
      const ciphertext = await encrypted(typed, keyId, new X509Certificate(certificate).publicKey);
      const ways = [
        () => throughLambda(keyId, ciphertext),
        () => throughWorker(ciphertext),
        () => throughRelay(typed, ciphertext),
      ];
      const answer = await ways[caller % ways.length]?.();
      if (answer !== typed) failures.push(answer);
      keyIds.add(keyId);
      calls += 1;
      called.resolve();
      called = Promise.withResolvers();
    }

    async function caller(_: unknown, index: number): Promise<void> {
      while (!isStopped) await call(index).catch((error: unknown) => failures.push(String(error)));
    }

    const running = Promise.all(Array.from({ length: callers }, caller));
    return {
      async untilCalls(count: number) {
        for (const goal = calls + count; calls < goal; ) await called.promise;
      },
      async stop() {
        isStopped = true;
        await running;
        return { calls, failures, keyIds };
      },
    };
  }
});

/** The emulator runs one invocation at a time. */
function oneAtATime<Input, Output>(work: (input: Input) => Promise<Output>): (input: Input) => Promise<Output> {
  let last: Promise<unknown> = Promise.resolve();
  return (input) => {
    const next = last.then(() => work(input));
    last = next.catch(() => undefined);
    return next;
  };
}

/** The transcript for docs/keys.md, with realistic URLs and waiting times. */
function readable(shown: string): string {
  return shown
    .replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, 'https://keys.example.com')
    .replaceAll(/AYA[\w+/=]{40,}/g, 'AYADeJ…')
    .replaceAll('0.05', '60');
}

/** The transcript without what differs between runs. */
function comparable(shown: string): string {
  const ids = [
    /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g,
    /new-[0-9a-f]{16}/g,
    /[A-Za-z0-9+/]{60,}=*/g,
    /\d{3} bytes/g,
  ];
  // On a slow machine, more steps take longer than a second and say so.
  const steady = shown.replaceAll(/^.* …\n/gm, '');
  return ids
    .reduce((text, id) => text.replaceAll(id, '…'), steady)
    .replaceAll(/ +/g, ' ')
    .trim();
}
