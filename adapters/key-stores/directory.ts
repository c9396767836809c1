import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
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
  /** The PEM text; `undefined` where there is none. */
  async function read(keyId: string): Promise<string | undefined> {
    const refuse = (what: string, cause?: unknown) =>
      new FlowKeysError('key_store_unavailable', `The private key of key id ${keyId} ${what}.`, { keyId, cause });
    const root = await realpath(directory).catch((cause: unknown) => {
      throw refuse('cannot be looked for: its directory is not there or not readable', cause);
    });
    try {
      const path = await realpath(join(root, keyId, 'private-key.pem'));
      if (!path.startsWith(root.endsWith(sep) ? root : root + sep)) {
        throw refuse('is a link out of its directory; put the file itself there');
      }
      // What has no links any more is not followed if one comes in between, and a pipe is not waited for.
      await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      const stats = await file.stat();
      if (!stats.isFile()) throw refuse('is no file');
      if (stats.mode & othersMayRead && !allowWorldReadable) {
        throw refuse('may be read by every user of the machine; run "chmod o= private-key.pem" on it');
      }
      return await file.readFile('utf8');
    } catch (error) {
      if (error instanceof FlowKeysError) throw error;
      if (isAbsent(error)) return undefined;
      throw refuse('cannot be read; check that this process may', error);
    }
  }

  return {
    async privateKeys(keyId) {
      // Mounted secrets are replaced by changing a link, which may be between two steps of the first reading.
      const pem = (await read(keyId)) ?? (await read(keyId));
      return pem === undefined ? [] : [pem];
    },
  };
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
