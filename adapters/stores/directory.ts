import { FlowKeysError, type KeyStore } from '../../src/index.ts';
import { readFileWithin } from './file-within.ts';

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
    async privateKeys(keyId) {
      const pem = await readFileWithin({
        directory,
        path: [keyId, 'private-key.pem'],
        objection({ mode }) {
          if (allowWorldReadable || (mode & othersMayRead) === 0) return undefined;
          return 'may be read by every user of the machine; run "chmod o= private-key.pem" on it';
        },
        refuse: (what, cause) =>
          new FlowKeysError('key_store_unavailable', `The private key of key id ${keyId} ${what}.`, { keyId, cause }),
      });
      return pem === undefined ? [] : [pem];
    },
  };
}
