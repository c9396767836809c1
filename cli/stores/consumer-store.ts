import type { ConsumerStore, FlowKeysError } from '../../src/index.ts';
import type { AwsOptions } from '../aws.ts';

/** A consumer store that can be listed and changed. */
export interface WritableConsumerStore extends ConsumerStore {
  /** For messages, such as `SSM parameters under /amazon-connect/encryption/consumers`. */
  readonly name: string;
  /** The documents of all consumers, sorted by name; for one that cannot be read, the error. */
  all(): Promise<ReadonlyMap<string, string | FlowKeysError>>;
  /** Adds or replaces a consumer. */
  put(name: string, document: string): Promise<void>;
  /** Removes a consumer, if it exists. */
  remove(name: string): Promise<void>;
}

export interface ConsumerStoreOptions extends AwsOptions {
  /** `ssm`, or `directory:PATH`. */
  readonly store: string;
  /** The part of a parameter's name before `consumers`. */
  readonly prefix?: string;
}

/** A map with its entries sorted by name. */
export function inOrder<Document>(found: readonly [string, Document][]): ReadonlyMap<string, Document> {
  return new Map(found.toSorted(([left], [right]) => (left < right ? -1 : 1)));
}
