import { derSignature, rawSignature } from '../../encoding/ecdsa-signature.ts';

type SignedSuite = { readonly signatureCurve?: 'P-256' | 'P-384' };

export function der2raw(der: Uint8Array<ArrayBuffer>, { signatureCurve }: SignedSuite): Uint8Array {
  const raw = signatureCurve && rawSignature(der, signatureCurve);
  if (raw === undefined) throw new Error('The signature is not DER.');
  return raw;
}

export function raw2der(raw: Uint8Array): Uint8Array {
  return derSignature(raw);
}
