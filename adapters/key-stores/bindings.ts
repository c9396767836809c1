import type { KeyStore } from '../../src/index.ts';

/** What stands before the key id in a binding's name. */
const namePrefix = 'PRIVATE_KEY_';

/**
 * Private keys in a Worker's bindings: one secret a key id, named `PRIVATE_KEY_` and the key id with `_`
 * for each `-` (a binding's name is an identifier), holding the PEM text.
 *
 * @param bindings the Worker's `env`
 * @example
 * // wrangler secret put PRIVATE_KEY_ff52db55_5326_47c9_89a0_8d809eae9802 < private-key.pem
 * const keyStore = bindingsKeyStore(env);
 */
export function bindingsKeyStore(bindings: Readonly<Record<string, unknown>>): KeyStore {
  return {
    async privateKeys(keyId) {
      // An id that holds "_" itself would share its name with another.
      const name = keyId.includes('_') ? undefined : bindingName(keyId);
      const pem = name !== undefined && Object.hasOwn(bindings, name) ? bindings[name] : undefined;
      return typeof pem === 'string' ? [pem] : [];
    },
  };
}

/** The name of the binding that holds the private key of a key id. */
export function bindingName(keyId: string): string {
  return namePrefix + keyId.replaceAll('-', '_');
}
