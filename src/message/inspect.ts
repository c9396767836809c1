import { ciphertextBytes } from './ciphertext.ts';
import type { EncryptedDataKey } from './header.ts';
import { parseMessage } from './message.ts';
import { messagePolicies } from './suites.ts';
import { type Signature, verificationOf } from './verification.ts';

/** The default size limit of a ciphertext, in bytes. Connect's are under a kilobyte. */
export const defaultMaxCiphertextBytes = 65_536;

/** What can be read from a ciphertext without a private key. */
export interface MessageSummary {
  readonly version: 1 | 2;
  readonly suite: { readonly id: string; readonly name: string };
  readonly encryptedDataKeys: readonly EncryptedDataKey[];
  readonly encryptionContext: Readonly<Record<string, string>>;
  readonly contentType: 'framed' | 'non-framed';
  /** Plaintext bytes per frame; 0 for a body that is not framed. */
  readonly frameLength: number;
  readonly frameCount: number;
  readonly plaintextBytes: number;
  readonly messageBytes: number;
  /** Verified with the key in the encryption context; `none` for an unsigned suite. */
  readonly signature: Signature;
}

/**
 * Reads a ciphertext without a private key and verifies its signature.
 *
 * @param ciphertext base64 text, or the message's bytes
 * @throws FlowKeysError `missing_parameter`, `no_caller_input`, `malformed_ciphertext`, `unsupported_message`
 * @example
 * const { encryptedDataKeys, signature } = await inspect(ciphertext);
 * console.log(encryptedDataKeys[0]?.providerInfo, signature); // the key id, 'valid'
 */
export async function inspect(
  ciphertext: string | Uint8Array,
  { maxCiphertextBytes = defaultMaxCiphertextBytes }: { readonly maxCiphertextBytes?: number } = {},
): Promise<MessageSummary> {
  const message = parseMessage(ciphertextBytes(ciphertext, maxCiphertextBytes), messagePolicies.inspect);
  const { version, suite, encryptedDataKeys, encryptionContext, contentType, frameLength } = message.header;
  return {
    version,
    suite: { id: suite.id, name: suite.name },
    encryptedDataKeys,
    encryptionContext,
    contentType,
    frameLength,
    frameCount: message.frameCount,
    plaintextBytes: message.plaintextBytes,
    messageBytes: message.bytes.length,
    signature: await verificationOf(message)(),
  };
}
