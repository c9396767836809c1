import { verify } from '../../message/early-verification.ts';

// Stands in for `@aws-crypto/web-crypto-backend`, by an alias of the bundler. The original probes the
// runtime while it is loaded: workerd forbids random values then, and Node has no `window`. Every
// runtime this product runs on has the whole of SubtleCrypto, so there is nothing to probe.
const { subtle } = crypto;

// What the AWS packages call to decrypt and to encrypt.
const subtleVerifyingEarly: Pick<
  SubtleCrypto,
  'deriveKey' | 'exportKey' | 'generateKey' | 'importKey' | 'sign' | 'verify' | 'wrapKey'
> = {
  deriveKey: subtle.deriveKey.bind(subtle),
  exportKey: subtle.exportKey.bind(subtle),
  generateKey: subtle.generateKey.bind(subtle),
  importKey: subtle.importKey.bind(subtle),
  sign: subtle.sign.bind(subtle),
  verify,
  wrapKey: subtle.wrapKey.bind(subtle),
};

export const getWebCryptoBackend = async () => ({ subtle, randomValues: synchronousRandomValues });
export const getNonZeroByteBackend = () => subtleVerifyingEarly;
export const getZeroByteSubtle = () => subtle;
export const isFullSupportWebCryptoBackend = () => true;
export const synchronousRandomValues = (byteLength: number) => crypto.getRandomValues(new Uint8Array(byteLength));
