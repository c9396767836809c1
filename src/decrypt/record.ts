import type { ErrorCode, FlowKeysError, RedactedCause } from '../errors.ts';
import type { DecryptResult } from './decryptor.ts';

/** What may be logged of one decryption: never a plaintext, a ciphertext, a key, nor the event. */
export interface DecryptionRecord {
  readonly code: 'ok' | ErrorCode;
  readonly keyId?: string;
  readonly suite?: string;
  readonly messageBytes?: number;
  readonly plaintextBytes?: number;
  readonly cause?: RedactedCause;
}

/** The log record of a decrypted message. It never holds the plaintext. */
export function successRecord({ keyId, suite, messageBytes, plaintext }: DecryptResult): DecryptionRecord {
  return { code: 'ok', keyId, suite, messageBytes, plaintextBytes: plaintext.length };
}

/** The log record of a message that was not decrypted. */
export function errorRecord({ code, keyId, cause }: FlowKeysError): DecryptionRecord {
  return { code, ...(keyId !== undefined && { keyId }), ...(cause && { cause }) };
}
