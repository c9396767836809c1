import { readdir, rm, rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { directoryConsumerStore, directoryKeyStore } from '../../adapters/stores/directory.ts';
import { type ConsumerStore, FlowKeysError } from '../../src/index.ts';
import { assertKeyId } from '../../src/internal.ts';
import { codeOf, readKeyFile, replaceFile, writeNewFile } from '../files.ts';
import { CommandError } from '../output/command-error.ts';
import { inOrder, type WritableConsumerStore } from './consumer-store.ts';
import { assertSamePrivateKey, type WritableKeyStore } from './key-store.ts';

type KeyFile = 'private-key.pem' | 'certificate.pem';

/** A directory: `{directory}/{key-id}/private-key.pem`, which only its owner can read, and `certificate.pem`. */
export function directoryKeys(path: string): WritableKeyStore {
  const directory = resolve(path);
  const pathOf = (keyId: string, file: KeyFile) => join(directory, keyId, file);

  const privateKeys: WritableKeyStore['privateKeys'] = async (keyId, request) =>
    (await listDirectory(directory)).includes(keyId)
      ? directoryKeyStore({ directory }).privateKeys(keyId, request)
      : [];

  return {
    name: `directory ${directory}`,

    privateKeys,

    async keyIds() {
      const held: string[] = [];
      for (const keyId of await listDirectory(directory)) if ((await files(keyId)).length > 0) held.push(keyId);
      return held;
    },

    async certificate(keyId) {
      if (!(await files(keyId)).includes('certificate.pem')) return undefined;
      return readKeyFile(pathOf(keyId, 'certificate.pem'), 'the certificate');
    },

    async store(keyId, { privateKey, certificate }) {
      const [stored] = await privateKeys(keyId, {});
      if (stored === undefined) await writeNewFile(pathOf(keyId, 'private-key.pem'), privateKey, 0o600);
      else await assertSamePrivateKey(keyId, stored, privateKey);
      await replaceFile(pathOf(keyId, 'certificate.pem'), certificate, 0o644);
    },

    async remove(keyId) {
      assertKeyId(keyId);
      const held = await files(keyId);
      await Promise.all(held.map((file) => rm(pathOf(keyId, file))));
      // The directory stays if it holds other files.
      if (held.length > 0) await rmdir(join(directory, keyId)).catch(() => {});
      return held.length > 0;
    },
  };

  async function files(keyId: string): Promise<readonly KeyFile[]> {
    const names: readonly string[] = await readdir(join(directory, keyId)).catch(() => []);
    return (['private-key.pem', 'certificate.pem'] as const).filter((name) => names.includes(name));
  }
}

/** A directory: `{directory}/consumers/{name}.json`. */
export function directoryConsumers(directory: string): WritableConsumerStore {
  const folder = join(directory, 'consumers');
  const fileOf = (name: string) => `${name}.json`;

  const consumer: ConsumerStore['consumer'] = async (name, request) =>
    (await listDirectory(folder)).includes(fileOf(name))
      ? directoryConsumerStore({ directory }).consumer(name, request)
      : undefined;

  return {
    name: `directory ${folder}`,
    consumer,
    async all() {
      const found: [string, string | FlowKeysError][] = [];
      for (const file of await listDirectory(folder)) {
        const [, name] = file.match(/^(.*)\.json$/s) ?? [];
        if (name !== undefined) found.push([name, await textOrError(consumer(name, {}))]);
      }
      return inOrder(found);
    },
    put: (name, document) => replaceFile(join(folder, fileOf(name)), document, 0o644),
    remove: (name) => rm(join(folder, fileOf(name)), { force: true }),
  };
}

/** The names in a directory; none if it does not exist yet. */
async function listDirectory(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    const message = `The directory ${path} cannot be listed; check that it is a directory, and its permissions.`;
    throw new CommandError('unreadable_file', message, error);
  }
}

async function textOrError(reading: Promise<string | undefined>): Promise<string | FlowKeysError> {
  try {
    return (await reading) ?? '';
  } catch (error) {
    if (error instanceof FlowKeysError) return error;
    throw error;
  }
}
