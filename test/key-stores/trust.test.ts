import { execFileSync } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { bindingsKeyStore } from 'flow-security-keys/stores/bindings';
import { directoryConsumerStore, directoryKeyStore } from 'flow-security-keys/stores/directory';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const keyId = 'ff52db55-5326-47c9-89a0-8d809eae9802';

let root: string;
let directory: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'trust-'));
  directory = join(root, 'store');
  await mkdir(join(directory, keyId), { recursive: true });
  await mkdir(join(directory, 'consumers'));
  await writeFile(join(directory, keyId, 'private-key.pem'), 'key', { mode: 0o600 });
  await writeFile(join(directory, 'consumers/billing.json'), '{}', { mode: 0o644 });
});
afterEach(() => rm(root, { recursive: true, force: true }));

// What keys and consumers share: a file, its folder, and how it is read.
const kinds = {
  'private key': {
    file: () => join(directory, keyId, 'private-key.pem'),
    folder: () => join(directory, keyId),
    read: (options = {}) => directoryKeyStore({ directory, ...options }).privateKeys(keyId, {}),
    found: ['key'],
    code: 'key_store_unavailable',
  },
  consumer: {
    file: () => join(directory, 'consumers/billing.json'),
    folder: () => join(directory, 'consumers'),
    read: (options = {}) => directoryConsumerStore({ directory, ...options }).consumer('billing', {}),
    found: '{}',
    code: 'consumer_store_unavailable',
  },
} as const;

describe.for(Object.entries(kinds))('A %s of a directory', ([, { file, folder, read, found, code }]) => {
  /** Runs the command that a refusal advises. */
  async function followAdvice(): Promise<void> {
    const refusal = await read().catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code });
    const [, command = ''] = String(refusal).match(/run "([^"]+)"/) ?? [];
    execFileSync('sh', ['-c', command]);
    expect(await read()).toEqual(found);
  }

  it('is refused when every user may write it or its folder, until the advised command was run', async () => {
    for (const path of [file(), folder(), directory]) {
      await chmod(path, path === file() ? 0o602 : 0o757);
      await followAdvice();
    }
  });

  it('is refused when the group may write it, unless allowed', async () => {
    for (const path of [file(), folder(), directory]) {
      const mode = path === file() ? 0o660 : 0o770;
      await chmod(path, mode);
      expect(await read({ allowGroupWritable: true })).toEqual(found);
      await followAdvice();
    }
  });

  it.skipIf(process.getuid?.() !== 0)('is refused when it or its folder belongs to another user', async () => {
    for (const path of [file(), folder(), directory]) {
      await chown(path, 12_345, 0);
      await followAdvice();
    }
  });

  it('is refused when it is larger than 64 KiB', async () => {
    await writeFile(file(), 'x'.repeat(65_537));
    await expect(read()).rejects.toMatchObject({ code, message: expect.stringContaining('64 KiB') });
  });
});

it('A file that becomes a link out of the directory while it is read is not followed', async () => {
  const file = kinds['private key'].file();
  await writeFile(join(root, 'outside.pem'), 'outside', { mode: 0o600 });
  const swapping = new Worker(
    `const { renameSync, symlinkSync, writeFileSync } = require('node:fs');
    const { file, outside } = require('node:worker_threads').workerData;
    for (;;) {
      symlinkSync(outside, file + '.link');
      renameSync(file + '.link', file);
      writeFileSync(file + '.own', 'key', { mode: 0o600 });
      renameSync(file + '.own', file);
    }`,
    { eval: true, workerData: { file, outside: join(root, 'outside.pem') } },
  );
  const read = new Set<string>();
  for (let reading = 0; reading < 3_000; reading += 1) {
    const keys = await kinds['private key'].read().catch((error: { code: string }) => [error.code]);
    for (const key of keys) read.add(key);
  }
  await swapping.terminate();
  expect(read).toEqual(new Set(['key', 'key_store_unavailable']));
});

it('A key id with "_" in it is not found under the binding of the one with "-"', async () => {
  const store = bindingsKeyStore({ PRIVATE_KEY_a_b: 'key of a-b' });
  expect(await store.privateKeys('a-b', {})).toEqual(['key of a-b']);
  expect(await store.privateKeys('a_b', {})).toEqual([]);
});
