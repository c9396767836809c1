import { constants, createPrivateKey, createPublicKey } from 'node:crypto';
import { AlgorithmSuiteIdentifier, buildClient, CommitmentPolicy, RawRsaKeyringNode } from '@aws-crypto/client-node';
import fc from 'fast-check';
import { createDecryptor, decodeUtf8, FlowKeysError, inspect } from 'flow-security-keys';
import { describe, expect, it } from 'vitest';
import { pem, recordingNamed, testKeys } from './recordings/recordings.ts';

const [testKey] = testKeys;
if (testKey === undefined) throw new Error('There is no test key.');
const privateKey = pem('PRIVATE KEY', testKey.privateKeyPkcs8);
const decryptor = createDecryptor({ suites: 'all', keyStore: { privateKeys: async () => [privateKey] } });

const client = buildClient(CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT);
const committing = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT);
const keyring = new RawRsaKeyringNode({
  keyNamespace: 'AmazonConnect',
  keyName: testKey.keyId,
  rsaKey: {
    privateKey: createPrivateKey(privateKey).export({ type: 'pkcs1', format: 'pem' }).toString(),
    publicKey: createPublicKey(privateKey).export({ type: 'pkcs1', format: 'pem' }).toString(),
  },
  padding: constants.RSA_PKCS1_OAEP_PADDING,
  oaepHash: 'sha512',
});

const suites = [
  AlgorithmSuiteIdentifier.ALG_AES128_GCM_IV12_TAG16,
  AlgorithmSuiteIdentifier.ALG_AES192_GCM_IV12_TAG16_HKDF_SHA256,
  AlgorithmSuiteIdentifier.ALG_AES128_GCM_IV12_TAG16_HKDF_SHA256_ECDSA_P256,
  AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384,
];

describe('Beside the AWS Encryption SDK for Node', () => {
  it('decrypts what it encrypts: any bytes, context, frame length and suite', async () => {
    const context = fc.dictionary(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
      { maxKeys: 4 },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 200 }),
        context,
        fc.constantFrom(16, 48, 100, 4096),
        fc.option(fc.constantFrom(...suites)),
        async (plaintext, encryptionContext, frameLength, suiteId) => {
          fc.pre(!Object.keys(encryptionContext).some((key) => key.startsWith('aws-crypto-')));
          const options = { encryptionContext, frameLength };
          const { result } =
            suiteId === null
              ? await committing.encrypt(keyring, plaintext, options)
              : await client.encrypt(keyring, plaintext, { ...options, suiteId });
          const decrypted = await decryptor.decrypt(result);
          expect(decrypted.plaintext).toEqual(plaintext);
          expect(decrypted.encryptionContext).toMatchObject({ ...encryptionContext });
          const { plaintextBytes, signature } = await inspect(result);
          expect(signature).not.toBe('invalid');
          expect(plaintextBytes).toBe(plaintext.length);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('refuses the same altered messages, and never returns another plaintext', async () => {
    const { ciphertext, plaintext } = recordingNamed('java rsa2048-card-number');
    const original = Uint8Array.from(Buffer.from(ciphertext, 'base64'));
    const edit = fc.tuple(fc.nat(original.length - 1), fc.integer({ min: 1, max: 255 }));
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
        const altered = original.slice();
        for (const [index, difference] of edits) altered[index] = (altered[index] ?? 0) ^ difference;
        const ours = await decryptor.decrypt(altered).then(
          (decrypted) => decodeUtf8(decrypted.plaintext),
          (error: unknown) => error,
        );
        const theirs = await committing.decrypt(keyring, altered).then(
          (decrypted) => decrypted.plaintext.toString(),
          () => undefined,
        );
        if (theirs === undefined) expect(ours).toBeInstanceOf(FlowKeysError);
        else expect(ours instanceof FlowKeysError || ours === plaintext).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe('For any input', () => {
  it('inspect returns or throws a FlowKeysError other than internal_error', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string(), fc.base64String(), fc.uint8Array({ maxLength: 300 }), headers()),
        async (input) => {
          const error: unknown = await inspect(input).catch((caught: unknown) => caught);
          if (error instanceof Error) {
            expect(error).toBeInstanceOf(FlowKeysError);
            expect(error).not.toMatchObject({ code: 'internal_error' });
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

/** Bytes that begin as a message does, so that they get past its first checks. */
function headers(): fc.Arbitrary<Uint8Array> {
  const start = fc.constantFrom([1, 0x80, 0x03, 0x78], [2, 0x05, 0x78], [1, 0x80, 0x01, 0x14]);
  return fc
    .tuple(start, fc.array(fc.constantFrom(0, 1, 2, 16, 255), { maxLength: 120 }))
    .map(([head, rest]) => Uint8Array.from([...head, ...rest]));
}
