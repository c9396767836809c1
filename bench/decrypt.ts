import { constants, createPrivateKey } from 'node:crypto';
import { buildClient, CommitmentPolicy, RawRsaKeyringNode } from '@aws-crypto/client-node';
import { startWrangler } from '../demo/wrangler.ts';
import { pem, type Recording, recordingNamed, type TestKey, testKeys } from '../test/recordings/recordings.ts';
import type * as Contenders from './contenders.ts';
import type { ContenderName, Decrypt } from './contenders.ts';
import { type Measurable, medians, repeat } from './measure.ts';
import { startPeers } from './peers.ts';

const built: string = '../dist/bench/contenders.js';
const { contender, contenderNames }: typeof Contenders = await import(built);
const recordingNames = ['java rsa2048-card-number', 'java rsa4096-card-number'];

/** Decrypts beside the primitives and the AWS packages and, with `peers`, the AWS Encryption SDKs of other languages. */
export async function benchDecrypt({ peers }: { readonly peers: boolean }): Promise<void> {
  console.log(`Milliseconds a decrypt of a card number, and in brackets the ratio to the WebCrypto primitives of the same run;
medians of 15 batches that take turns. Node ${process.versions.node}, OpenSSL ${process.versions.openssl}.\n`);
  await printNode(peers);
  await printWorkerd();
}

async function printNode(withPeers: boolean): Promise<void> {
  const columns = await Promise.all(recordingNames.map(nodeContenders));
  const peers = withPeers ? await Promise.all(recordingNames.map(peerContenders)) : [[], []];
  const tables: ReadonlyMap<string, number>[] = [];
  for (const [index, contenders] of columns.entries()) {
    tables.push(await medians([...contenders, ...(peers[index] ?? [])], 40, 1));
    tables.push(await medians(contenders, 96, 16));
  }
  print('Node', tables);
  await Promise.all(peers.flat().map((peer) => peer.stop()));
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
  return decrypts.map(([contenderName, decrypt]) => ({
    name: contenderName,
    async measure(count, concurrency) {
      const started = performance.now();
      await repeat(decrypt, count, concurrency);
      return (performance.now() - started) / count;
    },
  }));
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

async function printWorkerd(): Promise<void> {
  const worker = await startWrangler(0, '--config', 'bench/wrangler.toml');
  const order = async (name: ContenderName, recording: string, decrypts: number, concurrency: number) => {
    const started = performance.now();
    const body = JSON.stringify({ name, recording, decrypts, concurrency });
    const response = await fetch(worker.origin, { method: 'POST', body });
    if ((await response.text()) !== 'done') throw new Error(`workerd answered ${response.status}.`);
    return performance.now() - started;
  };
  const tables: ReadonlyMap<string, number>[] = [];
  for (const recording of recordingNames) {
    const contenders = contenderNames.map((name) => ({
      name,
      async measure(count: number, concurrency: number) {
        const empty = await order(name, recording, 0, 1);
        return ((await order(name, recording, count, concurrency)) - empty) / count;
      },
    }));
    tables.push(await medians(contenders, 60, 1));
    tables.push(await medians(contenders, 96, 16));
  }
  await worker.stop();
  print('workerd', tables);
}

function print(runtime: string, tables: readonly ReadonlyMap<string, number>[]): void {
  console.log(`| ${runtime} | RSA-2048 | 16 at once | RSA-4096 | 16 at once |\n| --- | ---: | ---: | ---: | ---: |`);
  for (const name of tables[0]?.keys() ?? []) {
    const cells = tables.map((table) => {
      const [time, primitives] = [table.get(name), table.get('WebCrypto primitives')];
      return time === undefined || primitives === undefined
        ? ''
        : `${time.toFixed(2)} (${(time / primitives).toFixed(2)})`;
    });
    console.log(`| ${name} | ${cells.join(' | ')} |`);
  }
  console.log();
}

function keyOf({ keyId }: Recording): TestKey {
  const key = testKeys.find((known) => known.keyId === keyId);
  if (key === undefined) throw new Error(`There is no test key ${keyId}.`);
  return key;
}
