import { type ConsumerStore, FlowKeysError } from '../../src/index.ts';
import { readFileWithin } from '../key-stores/file-within.ts';

const othersMayWrite = 0o002;

/**
 * Consumers in a directory: `{directory}/consumers/{name}.json`, so that it may be the one of the
 * private keys. Links are followed within the directory, and never out of it.
 *
 * @throws FlowKeysError `consumer_store_unavailable` from `consumer` when the directory or the file cannot be read,
 *   when the file lies outside, or when everyone may write it: who may, reads the inputs
 * @example
 * const consumerStore = directoryConsumerStore({ directory: '/run/secrets/connect' });
 */
export function directoryConsumerStore({ directory }: { readonly directory: string }): ConsumerStore {
  return {
    consumer: (name) =>
      readFileWithin({
        directory,
        path: ['consumers', `${name}.json`],
        objection: ({ mode }) =>
          (mode & othersMayWrite) === 0
            ? undefined
            : `may be written by every user of the machine; run "chmod o-w ${name}.json" on it`,
        refuse: (what, cause) =>
          new FlowKeysError('consumer_store_unavailable', `The document of consumer ${name} ${what}.`, { cause }),
      }),
  };
}
