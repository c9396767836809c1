import { VerificationKey } from '@aws-crypto/material-management';
import {
  type EncryptionContext,
  type WebCryptoAlgorithmSuite,
  WebCryptoDecryptionMaterial,
  type WebCryptoMaterialsManager,
} from '@aws-crypto/material-management-browser';
import { publicKeyContextKey } from '../message/header.ts';
import type { SignedPart } from '../message/message.ts';
import { importVerificationKey } from '../message/verification-key.ts';
import { startVerification } from './early-verification.ts';
import { unwrapDataKey, type WrappingKeys } from './keyring.ts';

/** Thrown when no private key unwraps the data key: the stored key may have been replaced since it was read. */
export class DataKeyNotUnwrapped extends Error {}

/**
 * A cryptographic materials manager that decrypts only. It differs from the AWS default in importing the
 * verification key natively (the default decompresses the point in JavaScript, half of a decrypt's time),
 * and in verifying the signature while the data key is unwrapped.
 */
export function decryptionMaterials(
  wrappingKeys: WrappingKeys,
  signedPart: SignedPart | undefined,
): WebCryptoMaterialsManager {
  return {
    async decryptMaterials({ suite, encryptionContext, encryptedDataKeys }) {
      const material = new WebCryptoDecryptionMaterial(suite, encryptionContext);
      const [, verificationKey] = await Promise.all([
        unwrapDataKey(material, encryptedDataKeys, wrappingKeys),
        verificationKeyOf(suite, encryptionContext, signedPart),
      ]);
      if (!material.hasValidKey()) throw new DataKeyNotUnwrapped();
      return verificationKey === undefined ? material : material.setVerificationKey(verificationKey);
    },
    async getEncryptionMaterials() {
      throw new Error('These materials are for decryption only.');
    },
  };
}

async function verificationKeyOf(
  suite: WebCryptoAlgorithmSuite,
  encryptionContext: EncryptionContext,
  signedPart: SignedPart | undefined,
): Promise<VerificationKey | undefined> {
  const compressedPoint = encryptionContext[publicKeyContextKey];
  const { signatureCurve, signatureHash } = suite;
  if (signatureCurve === undefined) {
    if (compressedPoint !== undefined) throw new Error('An unsigned suite carries a verification key.');
    return undefined;
  }
  const publicKey = compressedPoint && (await importVerificationKey(compressedPoint, signatureCurve));
  if (!publicKey) throw new Error('The verification key is no point of the curve.');
  if (signedPart && signatureHash) startVerification({ name: 'ECDSA', hash: signatureHash }, publicKey, signedPart);
  return new VerificationKey(publicKey, suite);
}
