const { subtle } = crypto;

export const getWebCryptoBackend = async () => ({ subtle, randomValues: synchronousRandomValues });
export const getNonZeroByteBackend = () => subtle;
export const getZeroByteSubtle = () => subtle;
export const isFullSupportWebCryptoBackend = () => true;
export const synchronousRandomValues = (byteLength: number) => crypto.getRandomValues(new Uint8Array(byteLength));
