import { buildDecrypt } from '@aws-crypto/decrypt-browser';
import { CommitmentPolicy } from '@aws-crypto/material-management-browser';
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
 */
export async function decryptMessage(
  message: Message,
  wrappingKeys: WrappingKeys,
  verify: Verification,
): Promise<Decryption> {
  try {
    const decryption = decrypt(decryptionMaterials(wrappingKeys), message.bytes);
    const [{ plaintext }, signature] = await Promise.all([decryption, verify()]);
    if (signature === 'invalid') throw new InvalidSignature();
    return { outcome: 'decrypted', plaintext };
  } catch (cause) {
    return { outcome: cause instanceof DataKeyNotUnwrapped ? 'not-unwrapped' : 'refused', cause };
  }
}

class InvalidSignature extends Error {
  override readonly name = 'InvalidSignature';
}
