import { buildDecrypt } from '@aws-crypto/decrypt-browser';
import { CommitmentPolicy } from '@aws-crypto/material-management-browser';
import { assertInTime } from '../deadline.ts';
import type { Message } from '../message/message.ts';
import type { Verification } from '../message/verification.ts';
import { DataKeyNotUnwrapped, decryptionMaterials, type WrappingKeys } from './materials.ts';

// Connect does not commit to its data keys, so messages without commitment must be accepted.
const { decrypt } = buildDecrypt(CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT);

/** What became of a message. The cause is for the log: a caller who learned it could use it as an oracle. */
export type Decryption =
  | { readonly outcome: 'decrypted'; readonly plaintext: Uint8Array }
  | { readonly outcome: 'not-unwrapped' | 'refused'; readonly cause: unknown };

/**
 * Decrypts a whole message with the AWS Encryption SDK, and verifies its signature meanwhile. The plaintext is released
 * once both have succeeded.
 *
 * @throws FlowKeysError `deadline_exceeded` once the signal is aborted; the message's bytes are gone then
 */
export async function decryptMessage(
  message: Message,
  wrappingKeys: WrappingKeys,
  verify: Verification,
): Promise<Decryption> {
  const { bytes } = message;
  const stop = () => bytes.fill(0);
  // The AWS package goes through the frames without a look at any signal: it stops at the first that is none.
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
