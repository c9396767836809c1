import type {
  EncryptedDataKey,
  KeyringWebCrypto,
  WebCryptoDecryptionMaterial,
} from '@aws-crypto/material-management-browser';
import { RawRsaKeyringWebCrypto } from '@aws-crypto/raw-rsa-keyring-browser';

/** The wrapping keys that may open a message: private keys under one provider id and key id. */
export interface WrappingKeys {
  readonly providerId: string;
  readonly keyId: string;
  readonly privateKeys: readonly CryptoKey[];
}

/**
 * Unwraps the data key with the first private key that can. The material stays without a data key when
 * none does.
 */
export async function unwrapDataKey(
  material: WebCryptoDecryptionMaterial,
  encryptedDataKeys: readonly EncryptedDataKey[],
  { providerId, keyId, privateKeys }: WrappingKeys,
): Promise<void> {
  // The keyring accepts a provider info that merely starts with its key name, so the exact ones are picked here.
  const ours = encryptedDataKeys.filter((key) => key.providerId === providerId && key.providerInfo === keyId);
  for (const privateKey of privateKeys) {
    const keyring: KeyringWebCrypto = new RawRsaKeyringWebCrypto({
      keyNamespace: providerId,
      keyName: keyId,
      privateKey,
    });
    await keyring.onDecrypt(material, ours);
    if (material.hasValidKey()) return;
  }
}
