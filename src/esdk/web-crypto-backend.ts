// Stands in for `@aws-crypto/web-crypto-backend`, by an alias of the bundler. The original probes the
// runtime while it is loaded: workerd forbids random values then, and Node has no `window`. Every
// runtime this product runs on has the whole of SubtleCrypto, so there is nothing to probe.
export const getWebCryptoBackend = async () => ({ subtle: crypto.subtle, randomValues: synchronousRandomValues });
export const getNonZeroByteBackend = () => crypto.subtle;
export const getZeroByteSubtle = () => crypto.subtle;
export const isFullSupportWebCryptoBackend = () => true;
export const synchronousRandomValues = (byteLength: number) => crypto.getRandomValues(new Uint8Array(byteLength));
