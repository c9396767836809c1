import { verify } from '../../message/early-verification.ts';

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
