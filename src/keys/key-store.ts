/**
 * Where private keys are kept. This is all that is asked of a store; caching, imports and deadlines are
 * not its work.
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
   * The PEM texts of the private keys under a key id, newest first; `[]` for a key id it does not know.
   *
   * @param keyId letters, digits, `-` and `_`, at most 100: checked before
   * @throws FlowKeysError `key_store_unavailable` when it cannot tell whether it has the key
   */
  privateKeys(keyId: string, options: { readonly signal?: AbortSignal }): Promise<readonly string[]>;
}
