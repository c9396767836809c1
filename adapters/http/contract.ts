import type { ConsumerFormat, ErrorCode, MessageSummary } from '../../src/index.ts';

/** The routes that need a token, by the names to which a token may be limited; `metrics` is on Node only. */
export const operationNames = ['decrypt', 'decryptBatch', 'reencrypt', 'inspect', 'connect', 'metrics'] as const;

export type OperationName = (typeof operationNames)[number];

/** An error as problem details (RFC 9457), with its stable `code` and the request's id beside the members of the RFC. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly requestId: string;
}

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
  /** Tells messages apart, as a ciphertext's text does not; hexadecimal. */
  readonly messageId: string;
}

/** What `/v1/decrypt/batch` answers: in the order of the items, each with its own success or error. */
export interface BatchAnswer {
  readonly results: readonly (DecryptAnswer | { readonly error: Problem })[];
}

/** What `/v1/reencrypt` answers; never the plaintext. */
export interface ReencryptAnswer {
  /** Under which the message was decrypted; absent, as `suite`, where no consumer may have the field: nothing is decrypted then. */
  readonly keyId?: string;
  readonly suite?: string;
  /** In the order of the consumers, each with its own success or error. */
  readonly results: readonly (EncryptedFor | { readonly consumer: string; readonly error: Problem })[];
}

/** An input, encrypted for a consumer. */
export interface EncryptedFor {
  readonly consumer: string;
  readonly format: ConsumerFormat;
  /** `aws-encryption-sdk`: base64 of the message; `jwe`: compact form. */
  readonly ciphertext: string;
}

/** What `/v1/inspect` answers. */
export type InspectAnswer = MessageSummary;
