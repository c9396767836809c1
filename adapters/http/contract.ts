import type { ConsumerFormat, ErrorCode, MessageSummary } from '../../src/index.ts';

/** The routes that need a token, by the names that limit a token to them. Only Node has `metrics`. */
export const operationNames = ['decrypt', 'decryptBatch', 'reencrypt', 'inspect', 'connect', 'metrics'] as const;

export type OperationName = (typeof operationNames)[number];

/** An error as problem details (RFC 9457), with a stable `code` and the id of the request. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly requestId: string;
}

/** The response of `/v1/decrypt`. */
export interface DecryptAnswer {
  /** What the caller typed. */
  readonly plaintext: string;
  /** `base64` if the plaintext is not UTF-8 text. */
  readonly encoding: 'utf-8' | 'base64';
  /** The key id under which the message was decrypted. */
  readonly keyId: string;
  /** The algorithm suite's id, four hexadecimal digits. */
  readonly suite: string;
  readonly encryptionContext: Readonly<Record<string, string>>;
  /** Hexadecimal. Different in every message, so it identifies one. */
  readonly messageId: string;
}

/** The response of `/v1/decrypt/batch`: a result or an error for each item, in the order of the items. */
export interface BatchAnswer {
  readonly results: readonly (DecryptAnswer | { readonly error: Problem })[];
}

/** The response of `/v1/reencrypt`, without the plaintext. */
export interface ReencryptAnswer {
  /** The key id under which the message was decrypted. Absent, like `suite`, if no consumer may have the field. */
  readonly keyId?: string;
  readonly suite?: string;
  /** A result or an error for each consumer, in the order of the consumers. */
  readonly results: readonly (EncryptedFor | { readonly consumer: string; readonly error: Problem })[];
}

/** An input, encrypted for a consumer. */
export interface EncryptedFor {
  readonly consumer: string;
  readonly format: ConsumerFormat;
  /** `aws-encryption-sdk`: base64 of the message; `jwe`: compact form. */
  readonly ciphertext: string;
}

/** The response of `/v1/inspect`. */
export type InspectAnswer = MessageSummary;
