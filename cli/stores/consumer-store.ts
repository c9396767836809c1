import type { ConsumerStore, FlowKeysError } from '../../src/index.ts';
import type { AwsOptions } from '../aws.ts';

/** A store of consumers as its keeper sees it: it can be listed and written to. */
export interface WritableConsumerStore extends ConsumerStore {
  /** As people call it: `SSM parameters under /amazon-connect/encryption/consumers`. */
  readonly name: string;
  /** The documents of all consumers, by name and in its order; the error of one that the store does not give. */
  all(): Promise<ReadonlyMap<string, string | FlowKeysError>>;
  /** Adds a consumer, or puts its document in place of the former. */
  put(name: string, document: string): Promise<void>;
  /** Removes it, if it is there. */
  remove(name: string): Promise<void>;
}

export interface ConsumerStoreOptions extends AwsOptions {
  /** `ssm`, or `directory:PATH`. */
  readonly store: string;
  /** What stands before `consumers` in a parameter's name. */
  readonly prefix?: string;
}

export function inOrder<Document>(found: readonly [string, Document][]): ReadonlyMap<string, Document> {
  return new Map(found.toSorted(([left], [right]) => (left < right ? -1 : 1)));
}
