import { constants, createPrivateKey } from 'node:crypto';
import { buildClient, CommitmentPolicy, RawRsaKeyringNode } from '@aws-crypto/client-node';
import { startWrangler } from '../demo/wrangler.ts';
import { pem, type Recording, recordingNamed, type TestKey, testKeys } from '../test/recordings/recordings.ts';
import type * as Contenders from './contenders.ts';
import type { ContenderName, Decrypt } from './contenders.ts';
import { type Cost, compared, here, type Measurable, medians } from './measure.ts';
import { startPeers } from './peers.ts';
import { processorTime } from './processor-time.ts';

const built: string = '../dist/bench/contenders.js';
const { contender, contenderNames }: typeof Contenders = await import(built);
const recordingNames = ['java rsa2048-card-number', 'java rsa4096-card-number'];

/**
 * Decrypts beside the primitives and the AWS packages and, with `peers`, the AWS Encryption SDKs of other languages.
 *
 * @returns Markdown
 */
export async function benchDecrypt({ peers }: { readonly peers: boolean }): Promise<string> {
  return `Milliseconds a decrypt of a card number: on the clock, and of the processor in all threads. In brackets, the ratio to the
WebCrypto primitives of the same run that verify the signature beside the rest, as this product does. Medians of 15 batches
that take turns. The peers of other languages have a process of their own, and decrypt one message at a time on one core.

${await nodeTables(peers)}
${await workerdTables()}`;
}

async function nodeTables(withPeers: boolean): Promise<string> {
  const parts: string[] = [];
  for (const name of recordingNames) {
    const contenders = await nodeContenders(name);
    const peers = withPeers ? await peerContenders(name) : [];
    const tables = [await medians([...contenders, ...peers], 40, 1), await medians(contenders, 96, 16)];
    await Promise.all(peers.map((peer) => peer.stop()));
    parts.push(table('Node', name, tables));
  }
  return parts.join('\n');
}

async function nodeContenders(name: string): Promise<readonly Measurable[]> {
  const recording = recordingNamed(name);
  const key = keyOf(recording);
  const decrypts: [string, Decrypt][] = [];
  for (const contenderName of contenderNames) {
    decrypts.push([contenderName, await contender(contenderName, recording, key)]);
  }
  decrypts.push(['@aws-crypto/client-node 4.2', clientNode(recording, key)]);
  for (const [contenderName, decrypt] of decrypts) {
    if (Buffer.from(await decrypt()).toString() !== recording.plaintext) throw new Error(`${contenderName} is wrong.`);
  }
  return decrypts.map(([contenderName, decrypt]) => here(contenderName, decrypt));
}

function clientNode({ ciphertext, keyId }: Recording, { privateKeyPkcs8 }: TestKey): Decrypt {
  const { decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT);
  const privateKey = createPrivateKey(pem('PRIVATE KEY', privateKeyPkcs8)).export({ type: 'pkcs1', format: 'pem' });
  const keyring = new RawRsaKeyringNode({
    keyNamespace: 'AmazonConnect',
    keyName: keyId,
    rsaKey: { privateKey: privateKey.toString() },
    padding: constants.RSA_PKCS1_OAEP_PADDING,
    oaepHash: 'sha512',
  });
  return async () => (await decrypt(keyring, Buffer.from(ciphertext, 'base64'))).plaintext;
}

async function peerContenders(name: string): Promise<readonly (Measurable & { stop(): Promise<void> })[]> {
  const recording = recordingNamed(name);
  return startPeers({ ...recording, privateKeyPkcs8: keyOf(recording).privateKeyPkcs8 });
}

async function workerdTables(): Promise<string> {
  const worker = await startWrangler(0, '--config', 'bench/wrangler.toml');
  const order = async (name: ContenderName, recording: string, decrypts: number, concurrency: number) => {
    const [started, before] = [performance.now(), processorTime(worker.processId)];
    const body = JSON.stringify({ name, recording, decrypts, concurrency });
    const response = await fetch(worker.origin, { method: 'POST', body });
    if ((await response.text()) !== 'done') throw new Error(`workerd answered ${response.status}.`);
    return { wall: performance.now() - started, cpu: processorTime(worker.processId) - before };
  };
  const parts: string[] = [];
  for (const recording of recordingNames) {
    const contenders = contenderNames.map((name) => ({
      name,
      async measure(count: number, concurrency: number) {
        const empty = await order(name, recording, 0, 1);
        const full = await order(name, recording, count, concurrency);
        return { wall: (full.wall - empty.wall) / count, cpu: (full.cpu - empty.cpu) / count };
      },
    }));
    parts.push(table('workerd', recording, [await medians(contenders, 60, 1), await medians(contenders, 96, 16)]));
  }
  await worker.stop();
  return parts.join('\n');
}

function table(runtime: string, recording: string, tables: readonly ReadonlyMap<string, Cost>[]): string {
  const size = recording.match(/rsa(\d+)/)?.[1];
  const rows = Array.from(tables[0]?.keys() ?? [], (name) => {
    const cells = tables.flatMap((costs) => {
      const [cost, base] = [costs.get(name), costs.get('the same, overlapped')];
      return [compared(cost?.wall, base?.wall), compared(cost?.cpu, base?.cpu)];
    });
    return `| ${name} | ${cells.join(' | ')} |`;
  });
  return `| ${runtime}, RSA-${size} | one at a time | processor | 16 at once | processor |
| --- | ---: | ---: | ---: | ---: |
${rows.join('\n')}
`;
}

function keyOf({ keyId }: Recording): TestKey {
  const key = testKeys.find((known) => known.keyId === keyId);
  if (key === undefined) throw new Error(`There is no test key ${keyId}.`);
  return key;
}
