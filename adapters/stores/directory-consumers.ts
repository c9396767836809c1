import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ConsumerStore, FlowKeysError } from '../../src/index.ts';
import { readFileWithin } from './file-within.ts';

const othersMayWrite = 0o002;
const sticky = 0o1000;

/**
 * Consumers in a directory: `{directory}/consumers/{name}.json`, so that it may be the one of the
 * private keys. Links are followed within the directory, and never out of it.
 *
 * @throws FlowKeysError `consumer_store_unavailable` from `consumer` when the directory or the file cannot be read,
 *   when the file lies outside, or when everyone may write it or replace it: who may, reads the inputs
 * @example
 * const consumerStore = directoryConsumerStore({ directory: '/run/secrets/connect' });
 */
export function directoryConsumerStore({ directory }: { readonly directory: string }): ConsumerStore {
  return {
    async consumer(name) {
      const refuse = (what: string, cause?: unknown) =>
        new FlowKeysError('consumer_store_unavailable', `The document of consumer ${name} ${what}.`, { cause });
      for (const folder of [directory, join(directory, 'consumers')]) {
        if (!(await mayReplaceFiles(folder))) continue;
        throw refuse(`may be replaced by every user of the machine; run "chmod o-w ${folder}"`);
      }
      return readFileWithin({
        directory,
        path: ['consumers', `${name}.json`],
        objection: ({ mode }) =>
          (mode & othersMayWrite) === 0
            ? undefined
            : `may be written by every user of the machine; run "chmod o-w ${name}.json" on it`,
        refuse,
      });
    },
  };
}

/** Whether every user may. In a directory with the sticky bit, as mounted secrets have it, they may add files only. */
async function mayReplaceFiles(folder: string): Promise<boolean> {
  const { mode } = await stat(folder).catch(() => ({ mode: 0 }));
  return (mode & othersMayWrite) !== 0 && (mode & sticky) === 0;
}
