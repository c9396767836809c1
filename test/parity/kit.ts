import { assert } from 'chai';
import { createDecryptor, decodeUtf8, FlowKeysError, type KeyStore, type SuitePolicy } from 'flow-security-keys';
import { type KitMessage, kitKeys, kitMessages, type Outcome } from '../recordings/kit.ts';
import { pem } from '../recordings/recordings.ts';
import type { NamedCase } from './named-case.ts';

const keyStore: KeyStore = {
  privateKeys: async (keyId) =>
    kitKeys.filter((key) => key.keyId === keyId).map(({ privateKeyPkcs8 }) => pem('PRIVATE KEY', privateKeyPkcs8)),
};

/** The kit of test/recordings, under each of the two policies. */
export function kitCases(): readonly NamedCase[] {
  return kitMessages.map((message) => ({
    name: `createDecryptor has the right outcomes for the kit's message "${message.name}"`,
    async run() {
      assert.deepEqual(await outcomeOf(message, 'connect'), message.connect);
      assert.deepEqual(await outcomeOf(message, 'all'), message.all);
    },
  }));
}

async function outcomeOf({ keyId, ciphertext }: KitMessage, suites: SuitePolicy): Promise<Outcome> {
  try {
    const { plaintext } = await createDecryptor({ keyStore, suites }).decrypt(ciphertext, { keyId });
    const text = decodeUtf8(plaintext);
    if (text !== undefined) return { plaintext: text };
    return { plaintextBase64: btoa(Array.from(plaintext, (byte) => String.fromCharCode(byte)).join('')) };
  } catch (error) {
    if (error instanceof FlowKeysError) return { refused: error.code };
    throw error;
  }
}
