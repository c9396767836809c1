import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { encryptFor, parseConsumer } from 'flow-security-keys';
import { compactDecrypt, decodeProtectedHeader, importJWK } from 'jose';
import { describe, expect, it } from 'vitest';
import { concatKdf } from '../../src/relay/jwe.ts';

const kinds = [
  ['RSA', 'RSA-OAEP-256', generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ['P-256', 'ECDH-ES+A256KW', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ['X25519', 'ECDH-ES+A256KW', generateKeyPairSync('x25519')],
] as const;

const epks: Readonly<Record<string, object>> = {
  RSA: {},
  'P-256': { epk: { kty: 'EC', crv: 'P-256', x: expect.any(String), y: expect.any(String) } },
  X25519: { epk: { kty: 'OKP', crv: 'X25519', x: expect.any(String) } },
};

describe.for(kinds)('A JWE for a key on %s', ([kind, alg, { publicKey, privateKey }]) => {
  const consumerOf = (kid: string) =>
    parseConsumer(
      'billing',
      JSON.stringify({
        format: 'jwe',
        publicKey: { ...publicKey.export({ format: 'jwk' }), kid },
        keyIds: ['*'],
        fields: ['*'],
      }),
    );

  it('is decrypted by jose, whatever its plaintext, with the expected header', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 20_000, size: 'max' }),
        fc.string({ unit: 'binary', minLength: 1, maxLength: 100 }),
        fc.option(fc.uuid(), { nil: undefined }),
        async (plaintext, kid, contactId) => {
          const labels = { field: 'card', ...(contactId && { contactId }) };
          const jwe = await encryptFor(await consumerOf(kid), plaintext, labels);
          expect(jwe).toMatch(/^[\w-]+\.[\w-]+\.[\w-]{16}\.[\w-]*\.[\w-]{22}$/);
          const opened = await compactDecrypt(jwe, privateKey);
          expect(Buffer.compare(opened.plaintext, plaintext)).toBe(0);
          expect(opened.protectedHeader).toEqual(decodeProtectedHeader(jwe));
          expect(opened.protectedHeader).toStrictEqual({
            alg,
            enc: 'A256GCM',
            kid,
            iat: expect.any(Number),
            ...(contactId && { 'urn:flow-security-keys:contact-id': contactId }),
            'urn:flow-security-keys:field': 'card',
            'urn:flow-security-keys:consumer': 'billing',
            ...epks[kind],
          });
          const { epk } = opened.protectedHeader;
          if (epk) expect(await importJWK(epk, alg)).toMatchObject({ type: 'public' });
        },
      ),
      { numRuns: 50, examples: [[new Uint8Array(), 'ü€', undefined]] },
    );
  });

  it('shares no key, initialization vector or ephemeral key with another', async () => {
    const consumer = await consumerOf('key-2');
    const jwes = await Promise.all(
      Array.from({ length: 20 }, () => encryptFor(consumer, new Uint8Array(16), { field: 'card' })),
    );
    // Encrypted key, initialization vector, ciphertext and tag.
    for (const part of [1, 2, 3, 4]) expect(new Set(jwes.map((jwe) => jwe.split('.')[part])).size).toBe(20);
    const ephemeral = jwes.map((jwe) => JSON.stringify(decodeProtectedHeader(jwe)['epk']));
    expect(new Set(ephemeral).size).toBe(kind === 'RSA' ? 1 : 20);
  });
});

describe('The Concat KDF', () => {
  it('derives the key of RFC 7518, appendix C', async () => {
    const sharedSecret = new Uint8Array([
      158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156, 251, 49, 110, 163, 218, 128, 106, 72,
      246, 218, 167, 121, 140, 254, 144, 196,
    ]);
    const derived = await concatKdf(sharedSecret, {
      algorithmId: 'A128GCM',
      partyUInfo: Buffer.from('Alice'),
      partyVInfo: Buffer.from('Bob'),
      keyDataBits: 128,
    });
    expect(Buffer.from(derived).toString('base64url')).toBe('VqqN6vgjbSBcIijNcacQGg');
  });
});
