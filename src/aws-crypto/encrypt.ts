import { buildEncrypt } from '@aws-crypto/encrypt-browser';
import { AlgorithmSuiteIdentifier, CommitmentPolicy } from '@aws-crypto/material-management-browser';
import { RawRsaKeyringWebCrypto } from '@aws-crypto/raw-rsa-keyring-browser';

// As Connect's.
const frameLength = 4096;

/** Whom a message is for: a public key under a provider id and a key name. */
export interface Recipient {
  readonly providerId: string;
  readonly keyName: string;
  /** An RSA-OAEP key that wraps. */
  readonly publicKey: CryptoKey;
}

/** Encrypts a message of suite 0578 (committing, signed) with the AWS Encryption SDK. */
export function encryptMessage(
  plaintext: Uint8Array,
  recipient: Recipient,
  encryptionContext: Readonly<Record<string, string>>,
): Promise<Uint8Array> {
  const suiteId = AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY_ECDSA_P384;
  return encryptUnder(
    CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT,
    suiteId,
    plaintext,
    recipient,
    encryptionContext,
  );
}

/** Encrypts a message as Amazon Connect does: suite 0378 (signed), and no encryption context of one's own. */
export function encryptMessageAsConnect(plaintext: Uint8Array, recipient: Recipient): Promise<Uint8Array> {
  const suiteId = AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384;
  return encryptUnder(CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT, suiteId, plaintext, recipient, {});
}

async function encryptUnder(
  policy: CommitmentPolicy,
  suiteId: AlgorithmSuiteIdentifier,
  plaintext: Uint8Array,
  { providerId, keyName, publicKey }: Recipient,
  encryptionContext: Readonly<Record<string, string>>,
): Promise<Uint8Array> {
  const { encrypt } = buildEncrypt(policy);
  const keyring = new RawRsaKeyringWebCrypto({ keyNamespace: providerId, keyName, publicKey });
  // A copy, as `encrypt` reads from the start of the buffer, wherever a view of it begins.
  const { result } = await encrypt(keyring, new Uint8Array(plaintext), {
    suiteId,
    encryptionContext: { ...encryptionContext },
    frameLength,
  });
  return result;
}
