import {
  type AlgorithmSuiteIdentifier,
  type EncryptedDataKey,
  type KeyringWebCrypto,
  type WebCryptoAlgorithmSuite,
  WebCryptoDecryptionMaterial,
  type WebCryptoMaterialsManager,
} from '@aws-crypto/material-management-browser';
import { RawRsaKeyringWebCrypto } from '@aws-crypto/raw-rsa-keyring-browser';
import { assertInTime } from '../deadline.ts';
import { modulusBytes } from '../keys/private-key.ts';

/** The wrapping keys that may open a message: private keys under one provider id and key id. */
export interface WrappingKeys {
  readonly providerId: string;
  readonly keyId: string;
  readonly privateKeys: readonly CryptoKey[];
  readonly signal: AbortSignal | undefined;
}

/** Thrown when no private key unwraps the data key: the stored key may have been replaced since it was read. */
export class DataKeyNotUnwrapped extends Error {
  override readonly name = 'DataKeyNotUnwrapped';
}

/** A cryptographic materials manager that decrypts only. */
export function decryptionMaterials(wrappingKeys: WrappingKeys): WebCryptoMaterialsManager {
  return {
    async decryptMaterials({ suite, encryptionContext, encryptedDataKeys }) {
      const material = new WebCryptoDecryptionMaterial(withoutSignature(suite), encryptionContext);
      await unwrapDataKey(material, encryptedDataKeys, wrappingKeys);
      if (!material.hasValidKey()) throw new DataKeyNotUnwrapped();
      return material;
    },
    async getEncryptionMaterials() {
      throw new Error('These materials are for decryption only.');
    },
  };
}

/**
 * The suite for the AWS package, which would verify the signature a second time, when all else is done, and decompress
 * its key in JavaScript first, which takes half of a decryption's time. See message/verification.ts.
 */
function withoutSignature(suite: WebCryptoAlgorithmSuite): WebCryptoAlgorithmSuite {
  const known = unsignedSuites.get(suite.id);
  if (known !== undefined) return known;
  const { signatureHash: _hash, signatureCurve: _curve, ...members } = suite;
  const unsigned = Object.freeze(Object.assign(Object.create(Object.getPrototypeOf(suite)), members));
  unsignedSuites.set(suite.id, unsigned);
  return unsigned;
}

const unsignedSuites = new Map<AlgorithmSuiteIdentifier, WebCryptoAlgorithmSuite>();

/** Unwraps the data key with the first private key that can. The material stays without a data key when none does. */
async function unwrapDataKey(
  material: WebCryptoDecryptionMaterial,
  encryptedDataKeys: readonly EncryptedDataKey[],
  { providerId, keyId, privateKeys, signal }: WrappingKeys,
): Promise<void> {
  // The keyring accepts a provider info that merely starts with its key name, so the exact ones are picked here.
  const ours = encryptedDataKeys.filter((key) => key.providerId === providerId && key.providerInfo === keyId);
  const attempts = privateKeys.flatMap((privateKey) =>
    // OpenSSL does a whole private-key operation before it finds that the length is wrong.
    ours.filter((key) => key.encryptedDataKey.length === modulusBytes(privateKey)).map((key) => ({ privateKey, key })),
  );
  for (const [index, { privateKey, key }] of attempts.entries()) {
    // Not before the first: who has a key at hand is served, as the rest takes milliseconds.
    if (index > 0) assertInTime(signal);
    const keyring: KeyringWebCrypto = new RawRsaKeyringWebCrypto({
      keyNamespace: providerId,
      keyName: keyId,
      privateKey,
    });
    await keyring.onDecrypt(material, [key]);
    if (material.hasValidKey()) return;
  }
}
