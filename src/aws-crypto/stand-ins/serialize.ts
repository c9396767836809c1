import { derSignature, rawSignature } from '../../message/signature.ts';

// Stands in for `@aws-crypto/serialize`, by an alias of the bundler. All of it but one module: the
// original reads and writes DER signatures with asn1.js, which accepts altered ones, needs Node's Buffer, and with
// its dependencies is a third of the bundle.
export * from '@aws-crypto/serialize/build/module/src/aad_factory.js';
export * from '@aws-crypto/serialize/build/module/src/concat_buffers.js';
export * from '@aws-crypto/serialize/build/module/src/decode_body_header.js';
export * from '@aws-crypto/serialize/build/module/src/deserialize_factory.js';
export * from '@aws-crypto/serialize/build/module/src/identifiers.js';
export * from '@aws-crypto/serialize/build/module/src/kdf_info.js';
export * from '@aws-crypto/serialize/build/module/src/serialize_factory.js';
export * from '@aws-crypto/serialize/build/module/src/signature_info.js';
export * from '@aws-crypto/serialize/build/module/src/uint_util.js';
export * from '@aws-crypto/serialize/build/module/src/uuidv4_factory.js';

export function der2raw(
  der: Uint8Array<ArrayBuffer>,
  { signatureCurve }: { readonly signatureCurve?: 'P-256' | 'P-384' },
): Uint8Array {
  const raw = signatureCurve && rawSignature(der, signatureCurve);
  if (raw === undefined) throw new Error('The signature is not DER.');
  return raw;
}

export function raw2der(raw: Uint8Array): Uint8Array {
  return derSignature(raw);
}
