import { FlowKeysError } from '../errors.ts';
import type { AlgorithmSuite } from './suites.ts';

/**
 * Which messages are decrypted. `connect`: what Connect produces and no more, which is the signed suite 0378 or its
 * committing successor 0578, one encrypted data key, a small encryption context, and frames of 4,096 bytes. `all`:
 * every suite that the AWS packages know, with up to 8 encrypted data keys.
 */
export type SuitePolicy = 'connect' | 'all';

/**
 * How much a message may ask for before a private key is used: each encrypted data key may cost a private-key operation
 * and each key id a store request. A message beyond it is refused while it is read, so that reading costs little, too.
 */
export interface MessagePolicy {
  readonly suites?: readonly string[];
  readonly maxEncryptedDataKeys: number;
  readonly maxContextEntries: number;
  readonly maxContextBytes: number;
  readonly frameLength?: number;
}

const anyContext = { maxContextEntries: 100, maxContextBytes: 65_535 };

export const messagePolicies: Readonly<Record<SuitePolicy | 'inspect', MessagePolicy>> = {
  connect: {
    suites: ['0378', '0578'],
    maxEncryptedDataKeys: 1,
    maxContextEntries: 8,
    maxContextBytes: 1_024,
    frameLength: 4_096,
  },
  all: { ...anyContext, maxEncryptedDataKeys: 8 },
  inspect: { ...anyContext, maxEncryptedDataKeys: 100 },
};

/** @throws FlowKeysError `unsupported_message` */
export function assertSuite({ id }: AlgorithmSuite, { suites }: MessagePolicy): void {
  if (suites === undefined || suites.includes(id)) return;
  throw unsupported(`is encrypted with suite ${id}`);
}

/** @throws FlowKeysError `unsupported_message` */
export function assertEncryptedDataKeys(count: number, { maxEncryptedDataKeys: most }: MessagePolicy): void {
  if (count > most) throw unsupported(`holds ${count} encrypted data keys, more than ${most}`);
}

/** @throws FlowKeysError `unsupported_message` */
export function assertContext(
  { entries, bytes }: { readonly entries: number; readonly bytes: number },
  { maxContextEntries, maxContextBytes }: MessagePolicy,
): void {
  if (bytes > maxContextBytes) {
    throw unsupported(`has an encryption context of ${bytes} bytes, more than ${maxContextBytes}`);
  }
  if (entries > maxContextEntries) {
    throw unsupported(`has ${entries} entries in its encryption context, more than ${maxContextEntries}`);
  }
}

/** @throws FlowKeysError `unsupported_message` */
export function assertFrameLength(length: number, { frameLength }: MessagePolicy): void {
  if (frameLength !== undefined && length !== frameLength) throw unsupported(`has frames of ${length} bytes`);
}

function unsupported(what: string): FlowKeysError {
  return new FlowKeysError(
    'unsupported_message',
    `The message ${what}, so Connect did not make it. The policy suites: 'all' takes what the AWS SDKs make, with up to 8 encrypted data keys.`,
  );
}
