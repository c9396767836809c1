import { buildDecrypt } from '@aws-crypto/decrypt-browser';
import { CommitmentPolicy } from '@aws-crypto/material-management-browser';
import type { Message } from '../message/message.ts';
import type { WrappingKeys } from './keyring.ts';
import { DataKeyNotUnwrapped, decryptionMaterials } from './materials.ts';

// Connect does not commit to its data keys, so messages without commitment must be accepted.
const { decrypt } = buildDecrypt(CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT);

/** What became of a message; why one was refused is not told, so that the answer is no oracle. */
export type Decryption =
  | { readonly outcome: 'decrypted'; readonly plaintext: Uint8Array }
  | { readonly outcome: 'not-unwrapped' }
  | { readonly outcome: 'refused' };

/** Decrypts a whole message with the AWS Encryption SDK; the plaintext is only released once it is verified. */
export async function decryptMessage(message: Message, wrappingKeys: WrappingKeys): Promise<Decryption> {
  try {
    const { plaintext } = await decrypt(decryptionMaterials(message, wrappingKeys), message.bytes);
    return { outcome: 'decrypted', plaintext };
  } catch (error) {
    return { outcome: error instanceof DataKeyNotUnwrapped ? 'not-unwrapped' : 'refused' };
  }
}
