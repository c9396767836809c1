import {
  createDecryptor,
  type Decryptor,
  type DecryptorOptions,
  decodeUtf8,
  FlowKeysError,
  inspect,
  type KeyStore,
} from 'flow-security-keys';
import { afterEach, describe, expect, inject, it, vi } from 'vitest';
import {
  articleRecording,
  isUnsigned,
  pem,
  recordingNamed,
  recordings,
  testKeyStore,
  testKeys,
} from '../recordings/recordings.ts';

const card = recordingNamed('java rsa2048-card-number');
const twoDataKeys = recordingNamed('java two-data-keys');

const keyStore: KeyStore = testKeyStore;

/** What the core does wherever it runs: handed to a runner for each runtime. */
export function core(runtime: string): void {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  describe(`createDecryptor on ${runtime}`, () => {
    it('answers with the plaintext, the key id, the suite and the context', async () => {
      const decrypted = await decryptor().decrypt(card.ciphertext);
      expect(decodeUtf8(decrypted.plaintext)).toBe('4444444444444444');
      expect(decrypted).toMatchObject({ keyId: card.keyId, suite: '0378', messageBytes: 629 });
      expect(Object.keys(decrypted.encryptionContext)).toEqual(['aws-crypto-public-key']);
    });

    it('takes the message as bytes, even as a view of a larger buffer', async () => {
      const bytes = Uint8Array.from(`xx${atob(card.ciphertext)}xx`, (character) => character.charCodeAt(0));
      const { plaintext } = await decryptor().decrypt(bytes.subarray(2, -2));
      expect(decodeUtf8(plaintext)).toBe(card.plaintext);
    });

    it('decrypts a message with two data keys under each of their key ids', async () => {
      for (const keyId of [undefined, ...testKeys.slice(0, 2).map((key) => key.keyId)]) {
        const { plaintext } = await decryptor({ suites: 'all' }).decrypt(
          twoDataKeys.ciphertext,
          keyId === undefined ? {} : { keyId },
        );
        expect(decodeUtf8(plaintext)).toBe(twoDataKeys.plaintext);
      }
    });

    it('decrypts with the only key of two that the store has', async () => {
      const [, second] = testKeys;
      const store: KeyStore = {
        privateKeys: async (keyId, options) => (keyId === second?.keyId ? keyStore.privateKeys(keyId, options) : []),
      };
      const { keyId } = await decryptor({ keyStore: store, suites: 'all' }).decrypt(twoDataKeys.ciphertext);
      expect(keyId).toBe(second?.keyId);
    });

    it("decrypts unsigned recordings with suites: 'all'", async () => {
      for (const recording of recordings.filter(isUnsigned)) {
        const { plaintext, suite } = await decryptor({ suites: 'all' }).decrypt(recording.ciphertext);
        expect([decodeUtf8(plaintext), suite]).toEqual([recording.plaintext, recording.suite]);
      }
    });

    const vectors = inject('vectors');
    it
      .skipIf(vectors === null)
      .for(vectors?.vectors.map(({ id, ciphertextBase64 }) => [id, ciphertextBase64] as const) ?? [])(
      "decrypts AWS's vector %s",
      async ([, ciphertext]) => {
        if (vectors === null) return;
        const store: KeyStore = { privateKeys: async () => [pem('PRIVATE KEY', vectors.privateKeyPkcs8)] };
        const all = decryptor({ keyStore: store, providerId: vectors.providerId, suites: 'all' });
        const { plaintext, keyId } = await all.decrypt(ciphertext);
        expect(keyId).toBe(vectors.keyName);
        expect(plaintext).toEqual(
          Uint8Array.from(atob(vectors.plaintextBase64), (character) => character.charCodeAt(0)),
        );
      },
    );

    it('imports a key once and then asks the store no more', async () => {
      const privateKeys = vi.fn(keyStore.privateKeys);
      const warm = decryptor({ keyStore: { privateKeys } });
      for (let call = 0; call < 5; call += 1) await warm.decrypt(card.ciphertext);
      expect(privateKeys).toHaveBeenCalledTimes(1);
    });

    it('says that the store is unavailable when it throws, and repeats nothing that it threw', async () => {
      const store: KeyStore = { privateKeys: async () => Promise.reject(new RangeError('canary-4929')) };
      const error = await failure(decryptor({ keyStore: store }).decrypt(card.ciphertext));
      expect(error).toMatchObject({ code: 'key_store_unavailable', keyId: card.keyId, cause: { name: 'RangeError' } });
      expect(JSON.stringify([error.message, error.cause])).not.toContain('canary');
    });

    it('gives up when the signal is aborted, before or while it waits for the store', async () => {
      const store: KeyStore = { privateKeys: () => new Promise(() => {}) };
      for (const signal of [AbortSignal.abort(), AbortSignal.timeout(5)]) {
        const error = await failure(decryptor({ keyStore: store }).decrypt(card.ciphertext, { signal }));
        expect(error.code).toBe('deadline_exceeded');
      }
    });

    it('refuses 20 MB, whether text or bytes', async () => {
      const megabytes = 20 * 1024 * 1024;
      for (const ciphertext of ['A'.repeat(megabytes), new Uint8Array(megabytes)]) {
        expect((await failure(decryptor().decrypt(ciphertext))).code).toBe('malformed_ciphertext');
      }
    });

    it('refuses an empty ciphertext', async () => {
      for (const ciphertext of ['', ' ', new Uint8Array()]) {
        expect((await failure(decryptor().decrypt(ciphertext))).code).toBe('missing_parameter');
      }
    });

    it('refuses a message of another provider', async () => {
      const error = await failure(decryptor({ providerId: 'another' }).decrypt(card.ciphertext));
      expect(error.code).toBe('unsupported_message');
    });

    it('tells nothing of why a message cannot be decrypted', async () => {
      const bytes = Uint8Array.from(atob(card.ciphertext), (character) => character.charCodeAt(0));
      const flipped = (index: number) => bytes.with(index, (bytes.at(index) ?? 0) ^ 1);
      const errors = await Promise.all(
        // In the wrapped data key, the authentication tag of the frame, the digits of the signature.
        [250, bytes.length - 110, bytes.length - 1].map((index) => failure(decryptor().decrypt(flipped(index)))),
      );
      const [first] = errors;
      expect(first?.code).toBe('decryption_failed');
      for (const { code, keyId, message } of errors)
        expect([code, keyId, message]).toEqual([first?.code, first?.keyId, first?.message]);
    });
  });

  describe(`inspect on ${runtime}`, () => {
    it('reads what Amazon Connect made, and verifies it without a private key', async () => {
      expect(await inspect(articleRecording.ciphertext)).toEqual({
        version: 1,
        suite: { id: '0378', name: 'ALG_AES256_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384' },
        encryptedDataKeys: [{ providerId: 'AmazonConnect', providerInfo: articleRecording.keyId, byteLength: 256 }],
        encryptionContext: {
          'aws-crypto-public-key': 'A3ph8Yw5uMoMscUYK3PiNTAQKVYfLZe6gNbBL+zE4hVEsNFhs+5cFNE4XxWO75HUQA==',
        },
        contentType: 'framed',
        frameLength: 4096,
        frameCount: 1,
        plaintextBytes: articleRecording.plaintextLength,
        messageBytes: 625,
        signature: 'valid',
      });
    });

    it('says of each recording whether it is signed, and how long its plaintext is', async () => {
      for (const recording of recordings) {
        const { signature, plaintextBytes } = await inspect(recording.ciphertext);
        expect([signature, plaintextBytes]).toEqual([
          isUnsigned(recording) ? 'none' : 'valid',
          recording.plaintext.length,
        ]);
      }
    });

    it('finds a signature that does not fit', async () => {
      const bytes = Uint8Array.from(atob(card.ciphertext), (character) => character.charCodeAt(0));
      const altered = bytes.with(bytes.length - 120, (bytes.at(-120) ?? 0) ^ 1);
      expect(await inspect(altered)).toMatchObject({ signature: 'invalid' });
    });

    it('verifies where the runtime imports no compressed points', async () => {
      const { importKey } = crypto.subtle;
      let refused = 0;
      vi.spyOn(crypto.subtle, 'importKey').mockImplementation((...args: Parameters<typeof importKey>) => {
        const [format, data] = args;
        if (format !== 'raw' || !(data instanceof Uint8Array) || data.length !== 49)
          return importKey.apply(crypto.subtle, args);
        refused += 1;
        return Promise.reject(new DOMException('No compressed points here.', 'DataError'));
      });
      const signed = recordings.filter((recording) => !isUnsigned(recording));
      for (const { ciphertext } of signed) expect(await inspect(ciphertext)).toMatchObject({ signature: 'valid' });
      expect(refused).toBe(signed.length);
    });
  });
}

function decryptor(options: Partial<DecryptorOptions> = {}): Decryptor {
  return createDecryptor({ keyStore, ...options });
}

async function failure(promise: Promise<unknown>): Promise<FlowKeysError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof FlowKeysError) return error;
    throw error;
  }
  throw new Error('It did not fail.');
}
