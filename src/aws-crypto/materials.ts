import { VerificationKey } from '@aws-crypto/material-management';
import { WebCryptoDecryptionMaterial, type WebCryptoMaterialsManager } from '@aws-crypto/material-management-browser';
import { verificationKeyOf } from '../message/early-verification.ts';
import type { Message } from '../message/message.ts';
import { unwrapDataKey, type WrappingKeys } from './keyring.ts';

/** Thrown when no private key unwraps the data key: the stored key may have been replaced since it was read. */
export class DataKeyNotUnwrapped extends Error {}

/**
 * A cryptographic materials manager that decrypts only. It differs from the AWS default in importing the
 * verification key natively (the default decompresses the point in JavaScript, half of a decrypt's time),
 * and in verifying the signature while the data key is unwrapped.
 */
export function decryptionMaterials(message: Message, wrappingKeys: WrappingKeys): WebCryptoMaterialsManager {
  return {
    async decryptMaterials({ suite, encryptionContext, encryptedDataKeys }) {
      const material = new WebCryptoDecryptionMaterial(suite, encryptionContext);
      const [, verificationKey] = await Promise.all([
        unwrapDataKey(material, encryptedDataKeys, wrappingKeys),
        verificationKeyOf(message),
      ]);
      if (!material.hasValidKey()) throw new DataKeyNotUnwrapped();
      if (verificationKey === undefined) return material;
      return material.setVerificationKey(new VerificationKey(verificationKey, suite));
    },
    async getEncryptionMaterials() {
      throw new Error('These materials are for decryption only.');
    },
  };
}
