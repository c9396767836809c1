import { assert } from 'chai';
import { createDecryptor, FlowKeysError } from 'flow-security-keys';
import { hostileMessages } from '../hostile/messages.ts';
import { testKeyStore } from '../recordings/recordings.ts';
import type { NamedCase } from './named-case.ts';

/** Messages that were forged to do harm, and the code that each is refused with. */
export async function hostileCases(): Promise<readonly NamedCase[]> {
  return (await hostileMessages()).map(({ name, bytes, code }) => ({
    name: `createDecryptor refuses a message with ${name}`,
    async run() {
      const refusal = await createDecryptor({ keyStore: testKeyStore })
        .decrypt(bytes)
        .catch((error: unknown) => error);
      assert.instanceOf(refusal, FlowKeysError);
      assert.propertyVal(refusal, 'code', code);
    },
  }));
}
