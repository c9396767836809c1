import { type ConsumerStore, FlowKeysError, type KeyStore } from '../../src/index.ts';
import { keyTextOf } from '../../src/internal.ts';
import { readFileWithin } from './file-within.ts';

/** Options of the stores in a directory. */
export interface DirectoryStoreOptions {
  /** The path of the directory. */
  readonly directory: string;
  /** Accept files and folders that their group may write. Default: false. */
  readonly allowGroupWritable?: boolean;
}

/** Options of {@link directoryKeyStore}. */
export interface DirectoryKeyStoreOptions extends DirectoryStoreOptions {
  /** Accept private keys that every user of the machine may read. Default: false. */
  readonly allowWorldReadable?: boolean;
}

const othersMayRead = 0o004;

/**
 * Reads private keys from a directory: `{directory}/{key-id}/private-key.pem`, of at most 64 KiB, as PEM, DER or UTF-16 text.
 * Links are followed within the directory, as mounted secrets need, but never out of it.
 *
 * @throws FlowKeysError `key_store_unavailable` from `privateKeys` if the directory or the file cannot be read, if the file
 *   is outside the directory, if everyone may read it, or if it or a folder belongs to another user or may be written by
 *   others
 * @example
 * const keyStore = directoryKeyStore({ directory: '/run/secrets/connect' });
 */
export function directoryKeyStore({
  directory,
  allowWorldReadable = false,
  allowGroupWritable = false,
}: DirectoryKeyStoreOptions): KeyStore {
  return {
    async privateKeys(keyId) {
      const bytes = await readFileWithin({
        directory,
        path: [keyId, 'private-key.pem'],
        allowGroupWritable,
        objection({ mode }) {
          if (allowWorldReadable || (mode & othersMayRead) === 0) return undefined;
          return 'can be read by every user of the machine; run "chmod o= private-key.pem"';
        },
        refuse: (what, cause) =>
          new FlowKeysError('key_store_unavailable', `The private key of key id ${keyId} ${what}.`, { keyId, cause }),
      });
      if (bytes === undefined) return [];
      // If it is neither DER nor text, the import reports it.
      return [keyTextOf(bytes) ?? new TextDecoder().decode(bytes)];
    },
  };
}

/**
 * Reads consumers from a directory: `{directory}/consumers/{name}.json`. It may be the directory of the private keys. Links
 * are followed as for private keys.
 *
 * @throws FlowKeysError `consumer_store_unavailable` from `consumer` if {@link directoryKeyStore} would throw, except that
 *   everyone may read a document
 * @example
 * const consumerStore = directoryConsumerStore({ directory: '/run/secrets/connect' });
 */
export function directoryConsumerStore({
  directory,
  allowGroupWritable = false,
}: DirectoryStoreOptions): ConsumerStore {
  return {
    async consumer(name) {
      const bytes = await readFileWithin({
        directory,
        path: ['consumers', `${name}.json`],
        allowGroupWritable,
        refuse: (what, cause) =>
          new FlowKeysError('consumer_store_unavailable', `The document of consumer ${name} ${what}.`, { cause }),
      });
      return bytes && new TextDecoder().decode(bytes);
    },
  };
}
