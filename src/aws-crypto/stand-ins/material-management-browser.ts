import {
  AlgorithmSuiteIdentifier,
  WebCryptoAlgorithmSuite as BrowserAlgorithmSuite,
} from '@aws-crypto/material-management-browser/build/module/src/index.js';

export * from '@aws-crypto/material-management-browser/build/module/src/index.js';

/** Each 192-bit suite is its 256-bit sibling but for id, name and key length. */
const siblings: Readonly<Record<number, AlgorithmSuiteIdentifier>> = {
  [AlgorithmSuiteIdentifier.ALG_AES192_GCM_IV12_TAG16]: AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16,
  [AlgorithmSuiteIdentifier.ALG_AES192_GCM_IV12_TAG16_HKDF_SHA256]:
    AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA256,
  [AlgorithmSuiteIdentifier.ALG_AES192_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384]:
    AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384,
};

// A function, as `new` of it must give instances of the AWS class: the AWS packages check `instanceof`.
export function WebCryptoAlgorithmSuite(id: AlgorithmSuiteIdentifier): BrowserAlgorithmSuite {
  const sibling = siblings[id];
  if (sibling === undefined) return new BrowserAlgorithmSuite(id);
  const suite: BrowserAlgorithmSuite = Object.assign(Object.create(BrowserAlgorithmSuite.prototype), {
    ...new BrowserAlgorithmSuite(sibling),
    id,
    name: AlgorithmSuiteIdentifier[id],
    keyLength: 192,
    keyLengthBytes: 24,
  });
  return Object.freeze(suite);
}
