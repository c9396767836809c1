import { readdir, rm, rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { directoryConsumerStore, directoryKeyStore } from '../../adapters/stores/directory.ts';
import { type ConsumerStore, FlowKeysError } from '../../src/index.ts';
import { assertKeyId } from '../../src/internal.ts';
import { codeOf, readText, replaceFile, writeNewFile } from '../files.ts';
import { CommandError } from '../output/command-error.ts';
import { inOrder, type WritableConsumerStore } from './consumer-store.ts';
import { assertSamePrivateKey, type WritableKeyStore } from './key-store.ts';

type KeyFile = 'private-key.pem' | 'certificate.pem';

/** A directory: `{directory}/{key-id}/private-key.pem`, which its owner alone may read, and `certificate.pem`. */
export function directoryKeys(path: string): WritableKeyStore {
  const directory = resolve(path);
  const pathOf = (keyId: string, file: KeyFile) => join(directory, keyId, file);

  // A directory that is not there yet holds no key.
  const privateKeys: WritableKeyStore['privateKeys'] = async (keyId, request) =>
    (await entries()).includes(keyId) ? directoryKeyStore({ directory }).privateKeys(keyId, request) : [];

  return {
    name: `directory ${directory}`,

    privateKeys,

    async keyIds() {
      const held: string[] = [];
      for (const keyId of await entries()) if ((await files(keyId)).length > 0) held.push(keyId);
      return held;
    },

    async certificate(keyId) {
      if (!(await files(keyId)).includes('certificate.pem')) return undefined;
      return readText(pathOf(keyId, 'certificate.pem'), 'the certificate');
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
      // Whatever else lies there is not the key's: beside the keys are the consumers.
      if (held.length > 0) await rmdir(join(directory, keyId)).catch(() => {});
      return held.length > 0;
    },
  };

  async function files(keyId: string): Promise<readonly KeyFile[]> {
    const names: readonly string[] = await readdir(join(directory, keyId)).catch(() => []);
    return (['private-key.pem', 'certificate.pem'] as const).filter((name) => names.includes(name));
  }

  async function entries(): Promise<readonly string[]> {
    try {
      return await readdir(directory);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw new CommandError(
        'unreadable_file',
        `The directory ${directory} cannot be listed; check that it is one.`,
        error,
      );
    }
  }
}

/** A directory: `{directory}/consumers/{name}.json`. */
export function directoryConsumers(directory: string): WritableConsumerStore {
  const folder = join(directory, 'consumers');
  const pathOf = (name: string) => join(folder, `${name}.json`);

  async function names(): Promise<readonly string[]> {
    try {
      const files = await readdir(folder);
      return files.flatMap((file) => (file.endsWith('.json') ? [file.slice(0, -'.json'.length)] : []));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw new CommandError(
        'unreadable_file',
        `The directory ${folder} cannot be listed; check that it is one.`,
        error,
      );
    }
  }

  // A directory that is not there yet holds nobody.
  const consumer: ConsumerStore['consumer'] = async (name, request) =>
    (await names()).includes(name) ? directoryConsumerStore({ directory }).consumer(name, request) : undefined;

  return {
    name: `directory ${folder}`,
    consumer,
    async all() {
      const found: [string, string | FlowKeysError][] = [];
      for (const name of await names()) found.push([name, await textOrError(() => consumer(name, {}))]);
      return inOrder(found);
    },
    put: (name, document) => replaceFile(pathOf(name), document, 0o644),
    remove: (name) => rm(pathOf(name), { force: true }),
  };
}

async function textOrError(read: () => Promise<string | undefined>): Promise<string | FlowKeysError> {
  try {
    return (await read()) ?? '';
  } catch (error) {
    if (error instanceof FlowKeysError) return error;
    throw error;
  }
}
