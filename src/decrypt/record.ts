import type { ErrorCode, FlowKeysError, RedactedCause } from '../errors.ts';
import type { DecryptResult } from './decryptor.ts';

/** The log record of one decryption. It never contains a plaintext, a ciphertext, a key or the event. */
export interface DecryptionRecord {
  readonly code: 'ok' | ErrorCode;
  readonly keyId?: string;
  readonly suite?: string;
  readonly messageBytes?: number;
  readonly plaintextBytes?: number;
  readonly cause?: RedactedCause;
}

/** Returns the log record of a decrypted message, without the plaintext. */
export function successRecord({ keyId, suite, messageBytes, plaintext }: DecryptResult): DecryptionRecord {
  return { code: 'ok', keyId, suite, messageBytes, plaintextBytes: plaintext.length };
}

/** Returns the log record of a message that was not decrypted. */
export function errorRecord({ code, keyId, cause }: FlowKeysError): DecryptionRecord {
  return { code, ...(keyId !== undefined && { keyId }), ...(cause && { cause }) };
}
