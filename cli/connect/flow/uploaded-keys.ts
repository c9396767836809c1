import { X509Certificate } from 'node:crypto';
import type { UploadedKeys } from '../../../src/flow/index.ts';
import { belongsTo } from '../../keys/certificate.ts';
import { publicKeyOf } from '../../keys/key-pair.ts';
import type { ConnectInstance } from '../instance.ts';

/** The instance's security keys, for the check of a flow. */
export async function uploadedKeys(instance: ConnectInstance): Promise<UploadedKeys> {
  const keys = await instance.securityKeys();
  const publicKeys = new Map(
    keys.map(({ keyId, publicKey }) => [keyId, publicKeyOf(publicKey, `Connect's key ${keyId}`)]),
  );
  return {
    has: (keyId) => publicKeys.has(keyId),
    signed(keyId, certificatePem) {
      const publicKey = publicKeys.get(keyId);
      return publicKey !== undefined && belongsTo(new X509Certificate(certificatePem), publicKey);
    },
  };
}
