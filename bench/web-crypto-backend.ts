// What `@aws-crypto/web-crypto-backend` gives where the runtime passes its probes: the runtime's own
// SubtleCrypto for everything. On workerd and Node the probes keep the package from starting at all.
export const getWebCryptoBackend = async () => ({ subtle: crypto.subtle, randomValues: synchronousRandomValues });
export const getNonZeroByteBackend = () => crypto.subtle;
export const getZeroByteSubtle = () => crypto.subtle;
export const isFullSupportWebCryptoBackend = () => true;
export const synchronousRandomValues = (byteLength: number) => crypto.getRandomValues(new Uint8Array(byteLength));
