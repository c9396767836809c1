import { buildDecrypt } from '@aws-crypto/decrypt-browser';
import { CommitmentPolicy } from '@aws-crypto/material-management-browser';
import { assertInTime } from '../deadline.ts';
import type { Message } from '../message/message.ts';
import type { Verification } from '../message/verification.ts';
import { DataKeyNotUnwrapped, decryptionMaterials, type WrappingKeys } from './materials.ts';

// Connect does not commit to its data keys, so messages without commitment must be accepted.
const { decrypt } = buildDecrypt(CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT);

/** The outcome of a decryption. The cause is only for the log: a caller could use it as an oracle. */
export type Decryption =
  | { readonly outcome: 'decrypted'; readonly plaintext: Uint8Array }
  | { readonly outcome: 'not-unwrapped' | 'refused'; readonly cause: unknown };

/**
 * Decrypts a message with the AWS Encryption SDK while it verifies the signature. Returns the plaintext only after both
 * have succeeded.
 *
 * @throws FlowKeysError `deadline_exceeded` after the signal aborts, which erases the message's bytes
 */
export async function decryptMessage(
  message: Message,
  wrappingKeys: WrappingKeys,
  verify: Verification,
): Promise<Decryption> {
  const { bytes } = message;
  const stop = () => bytes.fill(0);
  // The AWS package does not check signals between frames, but it stops at the first invalid frame.
  wrappingKeys.signal?.addEventListener('abort', stop, { once: true });
  try {
    const decryption = decrypt(decryptionMaterials(wrappingKeys), bytes);
    const [{ plaintext }, signature] = await Promise.all([decryption, verify()]);
    if (signature === 'invalid') throw new InvalidSignature();
    return { outcome: 'decrypted', plaintext };
  } catch (cause) {
    assertInTime(wrappingKeys.signal);
    return { outcome: cause instanceof DataKeyNotUnwrapped ? 'not-unwrapped' : 'refused', cause };
  } finally {
    wrappingKeys.signal?.removeEventListener('abort', stop);
  }
}

class InvalidSignature extends Error {
  override readonly name = 'InvalidSignature';
}
