import { type ConsumerStore, createDecryptor, createRelay, FlowKeysError } from 'flow-security-keys';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { opened } from '../parity/opened.ts';
import { recordingNamed, testKeyStore } from '../recordings/recordings.ts';

/** A kind of consumer store under test. */
export interface ConsumerStoreFixture {
  readonly consumerStore: ConsumerStore;
  put(name: string, document: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** A store of this kind that cannot be reached; some cannot be out of reach. */
  readonly unreachable?: ConsumerStore;
}

const card = recordingNamed('java rsa2048-card-number');

/** What the contract asks of every consumer store. */
export function consumerStoreContract(
  name: string,
  makeFixture: () => ConsumerStoreFixture,
  { canBeOutOfReach = true }: { readonly canBeOutOfReach?: boolean } = {},
): void {
  describe(`The consumer store contract: ${name}`, () => {
    const document = inject('consumerDocuments')['fraud-check'] ?? '';
    let fixture: ConsumerStoreFixture;
    beforeAll(async () => {
      fixture = makeFixture();
      await fixture.put('fraud-check', document);
    });

    it('returns the document of a consumer', async () => {
      expect(await fixture.consumerStore.consumer('fraud-check', {})).toBe(document);
    });

    it('returns nothing for an unknown name', async () => {
      expect(await fixture.consumerStore.consumer('nobody', {})).toBeUndefined();
      expect(await fixture.consumerStore.consumer('constructor', {})).toBeUndefined();
    });

    it('serves a relay', async () => {
      const decryptor = createDecryptor({ keyStore: testKeyStore });
      const relay = createRelay({ decryptor, consumerStore: fixture.consumerStore });
      const consumers = { consumers: ['fraud-check'], allowedConsumers: ['fraud-check'] };
      const { outcomes } = await relay.reencrypt(card.ciphertext, { field: 'card', ...consumers });
      const [outcome] = outcomes;
      if (outcome === undefined || 'failure' in outcome) throw outcome?.failure;
      expect(await opened('fraud-check', outcome.ciphertext)).toMatchObject({ plaintext: card.plaintext });
    });

    it('returns what was registered last, and nothing after its removal', async () => {
      await fixture.put('billing', 'first');
      await fixture.put('billing', 'second');
      expect(await fixture.consumerStore.consumer('billing', {})).toBe('second');
      await fixture.remove('billing');
      expect(await fixture.consumerStore.consumer('billing', {})).toBeUndefined();
    });

    if (!canBeOutOfReach) return;
    it('throws that it is unavailable when it cannot tell', async () => {
      const error: unknown = await fixture.unreachable?.consumer('fraud-check', {}).catch((caught: unknown) => caught);
      if (!(error instanceof FlowKeysError)) throw new Error('It is no FlowKeysError.');
      expect(error.code).toBe('consumer_store_unavailable');
      expect(error.message).toContain('fraud-check');
    });
  });
}
