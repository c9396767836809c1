import type { MessageSummary } from '../../src/index.ts';
import type { Problem } from './problem.ts';

/** What `/v1/decrypt` answers. */
export interface DecryptAnswer {
  /** What the caller typed. */
  readonly plaintext: string;
  /** `base64` where the plaintext is no text. */
  readonly encoding: 'utf-8' | 'base64';
  readonly keyId: string;
  /** The algorithm suite's id, four hexadecimal digits. */
  readonly suite: string;
  readonly encryptionContext: Readonly<Record<string, string>>;
}

/** What `/v1/decrypt/batch` answers: in the order of the items, each with its own success or error. */
export interface BatchAnswer {
  readonly results: readonly (DecryptAnswer | { readonly error: Problem })[];
}

/** What `/v1/inspect` answers. */
export type InspectAnswer = MessageSummary;
