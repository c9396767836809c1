import { readFile, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { FlowKeysError, type KeyStore } from '../../src/index.ts';

export interface DirectoryKeyStoreOptions {
  readonly directory: string;
  /** Accept files that every user of the machine may read. Default: false. */
  readonly allowWorldReadable?: boolean;
}

const othersMayRead = 0o004;

/**
 * Private keys in a directory: `{directory}/{key-id}/private-key.pem`. Links are followed within the
 * directory (as mounted secrets have them), and never out of it.
 *
 * @throws FlowKeysError `key_store_unavailable` from `privateKeys` when the directory or the file cannot be
 *   read, when the file lies outside, or when everyone may read it
 * @example
 * const keyStore = directoryKeyStore({ directory: '/run/secrets/connect' });
 */
export function directoryKeyStore({ directory, allowWorldReadable = false }: DirectoryKeyStoreOptions): KeyStore {
  return {
    async privateKeys(keyId, { signal }) {
      const refuse = (what: string, cause?: unknown) =>
        new FlowKeysError('key_store_unavailable', `The private key of key id ${keyId} ${what}.`, { keyId, cause });
      const root = await realpath(directory).catch((cause: unknown) => {
        throw refuse('cannot be looked for: its directory is not there or not readable', cause);
      });
      try {
        const file = await realpath(join(root, keyId, 'private-key.pem'));
        if (!file.startsWith(root + sep)) throw refuse('is a link out of its directory; put the file itself there');
        const { mode } = await stat(file);
        if (mode & othersMayRead && !allowWorldReadable) {
          throw refuse('may be read by every user of the machine; run "chmod o= private-key.pem" on it');
        }
        return [await readFile(file, { encoding: 'utf8', ...(signal && { signal }) })];
      } catch (error) {
        if (error instanceof FlowKeysError) throw error;
        if (isAbsent(error)) return [];
        throw refuse('cannot be read; check that this process may', error);
      }
    },
  };
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
