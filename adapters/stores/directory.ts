import { type ConsumerStore, FlowKeysError, type KeyStore } from '../../src/index.ts';
import { keyTextOf } from '../../src/internal.ts';
import { readFileWithin } from './file-within.ts';

/** Options of the stores in a directory. */
export interface DirectoryStoreOptions {
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
 * Private keys in a directory: `{directory}/{key-id}/private-key.pem`, of at most 64 KiB; DER and UTF-16 become PEM. Links are followed within the
 * directory (as mounted secrets have them), and never out of it.
 *
 * @throws FlowKeysError `key_store_unavailable` from `privateKeys` when the directory or the file cannot be read, when the
 *   file lies outside, when everyone may read it, or when it or a folder is another user's or may be written by others
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
          return 'may be read by every user of the machine; run "chmod o= private-key.pem" on it';
        },
        refuse: (what, cause) =>
          new FlowKeysError('key_store_unavailable', `The private key of key id ${keyId} ${what}.`, { keyId, cause }),
      });
      if (bytes === undefined) return [];
      // What is neither DER nor text is named when it is imported.
      return [keyTextOf(bytes) ?? new TextDecoder().decode(bytes)];
    },
  };
}

/**
 * Consumers in a directory: `{directory}/consumers/{name}.json`, so that it may be the one of the private keys. Links are
 * followed as those to private keys are.
 *
 * @throws FlowKeysError `consumer_store_unavailable` from `consumer` where {@link directoryKeyStore} would throw; but
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
