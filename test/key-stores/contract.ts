import { createDecryptor, decodeUtf8, FlowKeysError, type KeyStore } from 'flow-security-keys';
import { beforeAll, describe, expect, it } from 'vitest';
import { pem, recordingNamed, testKeys } from '../recordings/recordings.ts';

/** A kind of key store under test. */
export interface StoreFixture {
  readonly keyStore: KeyStore;
  put(keyId: string, pem: string): Promise<void>;
  remove(keyId: string): Promise<void>;
  /** A store of this kind that cannot be reached; some cannot be out of reach. */
  readonly unreachable?: KeyStore;
}

const card = recordingNamed('java rsa2048-card-number');
const [first = '', second = ''] = testKeys.map(({ privateKeyPkcs8 }) => pem('PRIVATE KEY', privateKeyPkcs8));

const noKey = 'deadbeef-0000-4000-8000-000000000000';

/** What the contract asks of every key store. */
export function keyStoreContract(
  name: string,
  makeFixture: () => StoreFixture,
  { canBeOutOfReach = true }: { readonly canBeOutOfReach?: boolean } = {},
): void {
  describe(`The key store contract: ${name}`, () => {
    let fixture: StoreFixture;
    beforeAll(async () => {
      fixture = makeFixture();
      await fixture.put(card.keyId, first);
    });

    it('returns the PEM text of a key id', async () => {
      expect(await fixture.keyStore.privateKeys(card.keyId, {})).toEqual([first]);
    });

    it('returns nothing for an unknown key id', async () => {
      expect(await fixture.keyStore.privateKeys(noKey, {})).toEqual([]);
      expect(await fixture.keyStore.privateKeys('constructor', {})).toEqual([]);
    });

    it('serves a decryptor', async () => {
      const { plaintext } = await createDecryptor({ keyStore: fixture.keyStore }).decrypt(card.ciphertext);
      expect(decodeUtf8(plaintext)).toBe(card.plaintext);
    });

    it('returns what was stored last, and nothing after its removal', async () => {
      const keyId = 'c4a47ed0-0000-4000-8000-000000000000';
      await fixture.put(keyId, first);
      await fixture.put(keyId, second);
      expect(await fixture.keyStore.privateKeys(keyId, {})).toEqual([second]);
      await fixture.remove(keyId);
      expect(await fixture.keyStore.privateKeys(keyId, {})).toEqual([]);
    });

    it('returns a text that is not a key unchanged, and the decryptor names it', async () => {
      await fixture.put('0bad0000-0000-4000-8000-000000000000', 'no key');
      const stored = await fixture.keyStore.privateKeys('0bad0000-0000-4000-8000-000000000000', {});
      expect(stored).toEqual(['no key']);
      const decryptor = createDecryptor({ keyStore: { privateKeys: async () => stored } });
      await expect(decryptor.decrypt(card.ciphertext)).rejects.toMatchObject({ code: 'invalid_private_key' });
    });

    if (!canBeOutOfReach) return;
    it('throws that it is unavailable when it cannot tell', async () => {
      const error: unknown = await fixture.unreachable?.privateKeys(card.keyId, {}).catch((caught: unknown) => caught);
      if (!(error instanceof FlowKeysError)) throw new Error('It is no FlowKeysError.');
      expect(error).toMatchObject({ code: 'key_store_unavailable', keyId: card.keyId });
      expect(error.message).toContain(card.keyId);
    });
  });
}
