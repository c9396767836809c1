import { readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { directoryKeyStore } from '../../adapters/stores/directory.ts';
import { assertKeyId } from '../../src/internal.ts';
import { codeOf, readText, replaceFile, writeNewFile } from '../files.ts';
import { CommandError } from '../output/command-error.ts';
import { assertSamePrivateKey, type KeyVault } from './vault.ts';

/** A directory: `{directory}/{key-id}/private-key.pem`, which its owner alone may read, and `certificate.pem`. */
export function directoryVault(path: string): KeyVault {
  const directory = resolve(path);
  const pathOf = (keyId: string, file: 'private-key.pem' | 'certificate.pem') => join(directory, keyId, file);

  // A directory that is not there yet holds no key.
  const privateKeys: KeyVault['privateKeys'] = async (keyId, request) =>
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
      const isThere = (await entries()).includes(keyId);
      if (isThere) await rm(join(directory, keyId), { recursive: true });
      return isThere;
    },
  };

  async function files(keyId: string): Promise<readonly string[]> {
    const names = await readdir(join(directory, keyId)).catch(() => []);
    return names.filter((name) => name === 'private-key.pem' || name === 'certificate.pem');
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
