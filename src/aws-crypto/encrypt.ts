import { buildEncrypt } from '@aws-crypto/encrypt-browser';
import { AlgorithmSuiteIdentifier, CommitmentPolicy } from '@aws-crypto/material-management-browser';
import { RawRsaKeyringWebCrypto } from '@aws-crypto/raw-rsa-keyring-browser';

// Like Connect's.
const frameLength = 4096;

/** The recipient of a message: a public key with a provider id and a key name. */
export interface Recipient {
  readonly providerId: string;
  readonly keyName: string;
  /** An RSA-OAEP key with the usage `wrapKey`. */
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

/** Encrypts a message like Amazon Connect: suite 0378 (signed), without an additional encryption context. */
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
  // A copy, because `encrypt` ignores a view's offset and reads from the start of its buffer.
  const { result } = await encrypt(keyring, new Uint8Array(plaintext), {
    suiteId,
    encryptionContext: { ...encryptionContext },
    frameLength,
  });
  return result;
}
