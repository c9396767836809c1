/**
 * Where private keys are stored. A store only reads: caching, imports and deadlines are handled outside it.
 *
 * @example
 * const keyStore: KeyStore = {
 *   async privateKeys(keyId) {
 *     const pem = await vault.read(`connect/${keyId}`);
 *     return pem === undefined ? [] : [pem];
 *   },
 * };
 */
export interface KeyStore {
  /**
   * Returns the PEM texts of the private keys under a key id, newest first, or `[]` for an unknown key id.
   *
   * @param keyId at most 100 letters, digits, `-` and `_`, already checked
   * @throws FlowKeysError `key_store_unavailable` when it cannot tell whether it has the key. Any other error is
   *   reported as `key_store_unavailable`, too
   */
  privateKeys(keyId: string, options: { readonly signal?: AbortSignal }): Promise<readonly string[]>;
}
