import type { KeyObject } from 'node:crypto';
import { AlgorithmSuiteIdentifier, buildEncrypt, CommitmentPolicy } from '@aws-crypto/encrypt-node';
import { RawRsaKeyringNode } from '@aws-crypto/raw-rsa-keyring-node';
import { publicPem } from './key-pair.ts';

const { encrypt } = buildEncrypt(CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT);

/**
 * What Amazon Connect stores when a caller types `plaintext`: the same suite, framing, provider id and
 * RSA-OAEP parameters, and no encryption context of its own.
 *
 * @param keyId the id of the security key
 * @param publicKey the RSA key of the flow's certificate
 * @returns base64 of an AWS Encryption SDK message
 */
export async function encryptAsConnect(plaintext: string, keyId: string, publicKey: KeyObject): Promise<string> {
  const keyring = new RawRsaKeyringNode({
    keyNamespace: 'AmazonConnect',
    keyName: keyId,
    rsaKey: { publicKey: publicPem(publicKey) },
    oaepHash: 'sha512',
  });
  const { result } = await encrypt(keyring, plaintext, {
    suiteId: AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384,
    frameLength: 4096,
  });
  return result.toString('base64');
}
