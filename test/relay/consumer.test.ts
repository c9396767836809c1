import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { type Consumer, encryptFor, FlowKeysError, parseConsumer } from 'flow-security-keys';
import { calculateJwkThumbprint } from 'jose';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type DerElement, derTag, readDer, readDerElements, writeDer } from '../../src/encoding/der.ts';
import { pem, testKeys } from '../recordings/recordings.ts';
import { spki } from '../support/consumer-documents.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const x25519 = generateKeyPairSync('x25519');
const jwk = (key: KeyObject) => key.export({ format: 'jwk' });
const everything = { keyIds: ['*'], fields: ['*'] };
const canary = 'canary4929736155';

afterEach(() => {
  vi.useRealTimers();
});

function parse(publicKey: unknown, members: object = {}): Promise<Consumer> {
  return parseConsumer('billing', JSON.stringify({ format: 'jwe', publicKey, ...everything, ...members }));
}

/** The error that a document is refused with. */
async function refused(document: Promise<Consumer> | string): Promise<FlowKeysError> {
  const outcome = typeof document === 'string' ? parseConsumer('billing', document) : document;
  const error: unknown = await outcome.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!(error instanceof FlowKeysError)) throw new Error('The document was not refused.');
  return error;
}

/** A certificate that `openssl req -x509` creates with these arguments, for a new key. */
function certificate(...args: readonly string[]): string {
  const request = ['req', '-x509', '-nodes', '-keyout', '/dev/null', '-subj', '/CN=billing', ...args];
  return execFileSync('openssl', request, { stdio: ['ignore', 'pipe', 'ignore'] }).toString();
}

describe("A consumer's document", () => {
  it.for([
    ['RSA', rsa, 'jwe', 'RSA-OAEP-256'],
    ['RSA', rsa, 'aws-encryption-sdk', 'RSA-OAEP-512'],
    ['P-256', p256, 'jwe', 'ECDH-ES+A256KW'],
    ['X25519', x25519, 'jwe', 'ECDH-ES+A256KW'],
  ] as const)('accepts a %s public key as PEM text and as a JWK', async ([, { publicKey }, format, algorithm]) => {
    const kid = await calculateJwkThumbprint({ kty: '', ...jwk(publicKey) });
    for (const given of [spki(publicKey), spki(publicKey).replaceAll('\n', '\r\n'), jwk(publicKey)]) {
      const consumer = await parse(given, { format });
      expect(consumer).toMatchObject({ name: 'billing', format, algorithm, kid, ...everything });
      expect(await crypto.subtle.exportKey('jwk', consumer.publicKey)).toMatchObject(jwk(publicKey));
    }
  });

  it('keeps the kid of a JWK', async () => {
    expect(await parse({ ...jwk(p256.publicKey), kid: 'key-2', use: 'enc', alg: 'ECDH-ES+A256KW' })).toMatchObject({
      kid: 'key-2',
    });
  });

  it('may allow nothing', async () => {
    expect(await parse(spki(rsa.publicKey), { keyIds: [], fields: [] })).toMatchObject({ keyIds: [], fields: [] });
  });

  it.for<[string, unknown, object, RegExp]>([
    ['missing lists', spki(rsa.publicKey), { keyIds: undefined }, /its keyIds are not a list/],
    ['a string for a list', spki(rsa.publicKey), { fields: '*' }, /its fields are not a list/],
    ['a list that contains a number', spki(rsa.publicKey), { fields: [7] }, /one of its fields is invalid/],
    ['an invalid key id', spki(rsa.publicKey), { keyIds: [`${canary}!!`] }, /one of its keyIds is invalid/],
    ['a key id of digits', spki(rsa.publicKey), { keyIds: ['4929736155'] }, /one of its keyIds is invalid/],
    ['an empty key id', spki(rsa.publicKey), { keyIds: ['*', ''] }, /one of its keyIds is invalid/],
    ['an invalid field', spki(rsa.publicKey), { fields: ['ca/rd'] }, /one of its fields is invalid/],
    ['an empty field', spki(rsa.publicKey), { fields: [''] }, /one of its fields is invalid/],
    ['a field of digits', spki(rsa.publicKey), { fields: ['4929736155'] }, /one of its fields is invalid/],
    ['a JWK Set', { keys: [jwk(rsa.publicKey)] }, {}, /not a public key/],
    [
      'no format',
      spki(rsa.publicKey),
      { format: undefined },
      /its format is missing or unknown.*aws-encryption-sdk, jwe/,
    ],
    ['an unknown format', spki(rsa.publicKey), { format: canary }, /its format is missing or unknown/],
    ['an unknown member', spki(rsa.publicKey), { [canary]: 1 }, /an unknown member/],
    ['an empty public key', '', {}, /not a public key/],
    ['text that is not PEM', canary, {}, /not a public key/],
    ['PEM text of another type', pem('RSA PUBLIC KEY', 'AAAA'), {}, /PEM text of another type/],
    ['two keys', spki(rsa.publicKey) + spki(p256.publicKey), {}, /more than one key/],
    ['a key cut short', spki(rsa.publicKey).replace(/\n.{64}\n/, '\n'), {}, /damaged/],
    ['an EC key where RSA is needed', spki(p256.publicKey), { format: 'aws-encryption-sdk' }, /needs an RSA key/],
  ])('is refused with %s', async ([, publicKey, members, message]) => {
    const error = await refused(parse(publicKey, members));
    expect(error).toMatchObject({ code: 'invalid_consumer', message: expect.stringMatching(message) });
    expect(error.message).toContain('Cannot encrypt for consumer billing');
    expect(error.message).not.toContain(canary);
  });

  it.for(['', '[]', 'null', '7', '"jwe"', '{', canary, `{"${canary}"`])('is refused as %s', async (text) => {
    const error = await refused(text);
    expect(error.code).toBe('invalid_consumer');
    expect(error.message).not.toContain(canary);
  });

  it('is refused with invalid_consumer, whatever text or JSON it is', async () => {
    const documents = fc.record({ format: fc.constantFrom('jwe', 'aws-encryption-sdk'), publicKey: fc.jsonValue() });
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      documents.map((document) => JSON.stringify({ ...document, ...everything })),
    );
    await fc.assert(
      fc.asyncProperty(text, async (any) => {
        expect((await refused(any)).code).toBe('invalid_consumer');
      }),
      { numRuns: 300 },
    );
  });
});

describe('A public key', () => {
  it('is refused when it is a private key, which the error does not quote', async () => {
    const [label = '', first = ''] = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString().split('\n');
    expect(label).toContain('PRIVATE');
    const secrets = [
      rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }),
      rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }),
      p256.privateKey.export({ type: 'sec1', format: 'pem' }),
      spki(rsa.publicKey) + rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }),
      ...[rsa, p256, x25519].map(({ privateKey }) => jwk(privateKey)),
      { kty: 'oct', k: canary },
      JSON.stringify(jwk(p256.privateKey)),
      { keys: [jwk(rsa.publicKey), jwk(p256.privateKey)] },
      JSON.stringify({ keys: [jwk(x25519.privateKey)] }),
      rsa.privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
      rsa.privateKey.export({ type: 'pkcs1', format: 'der' }).toString('base64'),
      p256.privateKey.export({ type: 'sec1', format: 'der' }).toString('base64'),
      x25519.privateKey
        .export({ type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase: canary })
        .toString('base64'),
    ];
    for (const secret of secrets) {
      const error = await refused(parse(secret));
      expect(error).toMatchObject({ code: 'invalid_consumer', message: expect.stringContaining('is a private key') });
      expect(JSON.stringify({ ...error, message: error.message, stack: error.stack })).not.toContain(
        first.slice(4, 40),
      );
    }
    for (const document of [String(secrets[0]), JSON.stringify(jwk(rsa.privateKey))]) {
      expect((await refused(document)).message).toContain('is a private key');
    }
  });

  it.for([
    ['RSA of 1024 bits', () => generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey, /RSA key of 1024 bits/],
    [
      'RSA with exponent 3',
      () => generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }).publicKey,
      /public exponent/,
    ],
    ['RSA-PSS', () => generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey, /unsupported/],
    ['P-384', () => generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey, /unsupported/],
    ['secp256k1', () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey, /unsupported/],
    ['Ed25519', () => generateKeyPairSync('ed25519').publicKey, /unsupported/],
    ['X448', () => generateKeyPairSync('x448').publicKey, /unsupported/],
  ] as const)('is refused when it is %s', async ([name, generate, message]) => {
    const publicKey = generate();
    const forms = name === 'RSA-PSS' ? [spki(publicKey)] : [spki(publicKey), jwk(publicKey)];
    for (const form of forms) {
      expect(await refused(parse(form))).toMatchObject({
        code: 'invalid_consumer',
        message: expect.stringMatching(message),
      });
    }
  });

  it.for([65536, 65538, 2 ** 65])('is refused when it is RSA with the even exponent %i', async (exponent) => {
    const hexadecimal = BigInt(exponent).toString(16);
    const e = Buffer.from(hexadecimal.padStart(hexadecimal.length + (hexadecimal.length % 2), '0'), 'hex');
    const error = await refused(parse({ ...jwk(rsa.publicKey), e: e.toString('base64url') }));
    // Web Crypto may reject a long one earlier.
    expect(error).toMatchObject({
      code: 'invalid_consumer',
      message: expect.stringMatching(/public exponent|damaged/),
    });
  });

  it('may have a kid of up to 256 characters', async () => {
    const kid = 'k'.repeat(256);
    expect(await parse({ ...jwk(p256.publicKey), kid })).toMatchObject({ kid });
    expect((await refused(parse({ ...jwk(p256.publicKey), kid: `${kid}k` }))).message).toContain('too long');
  });

  it('may be in the form that Web Crypto exports', async () => {
    for (const name of ['ECDH', 'X25519']) {
      const pair = await crypto.subtle.generateKey({ name, namedCurve: 'P-256' }, true, ['deriveBits']);
      if (!('publicKey' in pair)) throw new Error('It is not a key pair.');
      expect(await parse(await crypto.subtle.exportKey('jwk', pair.publicKey))).toMatchObject({ name: 'billing' });
    }
    expect(await parse({ ...jwk(rsa.publicKey), key_ops: ['wrapKey'] })).toMatchObject({ name: 'billing' });
  });

  it.for([
    ['for verifying', { ...jwk(rsa.publicKey), key_ops: ['verify'] }, /not for encryption/],
    ['for no operation', { ...jwk(rsa.publicKey), key_ops: [] }, /not for encryption/],
    ['with operations that are not a list', { ...jwk(rsa.publicKey), key_ops: 'encrypt' }, /not for encryption/],
    ['with an algorithm that is not a string', { ...jwk(rsa.publicKey), alg: 7 }, /alg is not a string/],
    ['for signatures', { ...jwk(rsa.publicKey), use: 'sig' }, /not for encryption/],
    ['for another algorithm', { ...jwk(rsa.publicKey), alg: 'RSA-OAEP' }, /not for RSA-OAEP-256/],
    ['with a kid that is not a string', { ...jwk(rsa.publicKey), kid: 7 }, /kid is not a string/],
    ['without its members', { kty: 'RSA', e: 'AQAB' }, /damaged/],
    ['off its curve', { ...jwk(p256.publicKey), y: jwk(p256.publicKey).x }, /damaged/],
  ] as const)('is refused as a JWK %s', async ([, key, message]) => {
    expect((await refused(parse(key))).message).toMatch(message);
  });

  it('that cannot take part in a key agreement is refused at the first use', async () => {
    const zeros = { kty: 'OKP', crv: 'X25519', x: 'A'.repeat(43) };
    const consumer = await parse(zeros);
    await expect(encryptFor(consumer, new Uint8Array(4), { field: 'card' })).rejects.toMatchObject({
      code: 'invalid_consumer',
    });
  });
});

describe('A certificate', () => {
  const certificates = [
    ...testKeys.map((key) => pem('CERTIFICATE', key.certificate)),
    certificate('-newkey', 'rsa:2048', '-days', '1'),
    certificate('-newkey', 'rsa:2048', '-days', '36500', '-sha512'),
    certificate('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-days', '30'),
    certificate('-newkey', 'rsa:3072', '-days', '3650', '-addext', 'keyUsage=keyEncipherment'),
  ];

  it.for(certificates)('is parsed to the same values as by node:crypto (%#)', async (text) => {
    const { publicKey, validity } = await parse(text);
    const reference = new X509Certificate(text);
    expect(validity).toEqual({
      notBefore: reference.validFromDate.getTime(),
      notAfter: reference.validToDate.getTime(),
    });
    expect(Buffer.from(await crypto.subtle.exportKey('spki', publicKey))).toEqual(
      reference.publicKey.export({ type: 'spki', format: 'der' }),
    );
  });

  it('may be followed by its chain', async () => {
    const [first = '', second = ''] = certificates;
    expect((await parse(first + second)).kid).toBe((await parse(first)).kid);
  });

  it('has its validity checked at each use', async () => {
    const consumer = await parse(certificate('-newkey', 'rsa:2048', '-days', '1'));
    const use = () => encryptFor(consumer, new Uint8Array(4), { field: 'card' });
    await use();
    vi.setSystemTime(Date.now() + 25 * 3_600_000);
    await expect(use()).rejects.toMatchObject({
      code: 'invalid_consumer',
      message: expect.stringMatching(/expired on \d{4}-/),
    });
    vi.setSystemTime(Date.now() - 50 * 3_600_000);
    await expect(use()).rejects.toMatchObject({
      code: 'invalid_consumer',
      message: expect.stringContaining('not valid before'),
    });
  });

  it('that was altered or cut short anywhere gives the same key as in node:crypto, or an error', async () => {
    const der = Buffer.from(testKeys[0]?.certificate ?? '', 'base64');
    const altered = Array.from(der, (byte, index) => Buffer.from(der.with(index, byte ^ (1 << (index % 8)))));
    const cut = Array.from(der, (_, length) => der.subarray(0, length));
    let compared = 0;
    for (const bytes of [...altered, ...cut]) {
      const consumer = await parse(pem('CERTIFICATE', bytes.toString('base64'))).catch((error: unknown) => error);
      const reference = referenceOf(bytes);
      if (consumer instanceof FlowKeysError || reference === undefined) continue;
      const { publicKey, validity } = consumer as Consumer;
      expect(await crypto.subtle.exportKey('jwk', publicKey)).toMatchObject(jwk(reference.publicKey));
      expect(validity).toEqual({
        notBefore: reference.validFromDate.getTime(),
        notAfter: reference.validToDate.getTime(),
      });
      compared += 1;
    }
    expect(compared).toBeGreaterThan(100);
  });

  it.for<[string, (der: Buffer) => Buffer]>([
    ['of 31 February', (der) => der.fill('0231', utcTimeOf(der) + 2, utcTimeOf(der) + 6)],
    ['of hour 24', (der) => der.fill('240000', utcTimeOf(der) + 6, utcTimeOf(der) + 12)],
    ['with another tag', (der) => der.fill(derTag.octetString, utcTimeOf(der) - 2, utcTimeOf(der) - 1)],
    ['of 300,000 bytes', withLongTime],
  ])('is refused with a time %s', async ([, change]) => {
    const der = change(Buffer.from(testKeys[0]?.certificate ?? '', 'base64'));
    const error = await refused(parse(pem('CERTIFICATE', der.toString('base64'))));
    expect(error.message).toContain('damaged certificate');
  });

  it('is refused without its signature', async () => {
    const [tbsCertificate] = elementsOf(Buffer.from(testKeys[0]?.certificate ?? '', 'base64'));
    const alone = writeDer(derTag.sequence, writeDer(derTag.sequence, tbsCertificate?.content ?? new Uint8Array()));
    const error = await refused(parse(pem('CERTIFICATE', Buffer.from(alone).toString('base64'))));
    expect(error.message).toContain('damaged certificate');
  });

  /** Where the digits of the first UTCTime start. */
  function utcTimeOf(der: Buffer): number {
    return der.indexOf(Buffer.from([derTag.utcTime, 13])) + 2;
  }

  /** The certificate with an absurdly long time. */
  function withLongTime(der: Buffer): Buffer {
    const [tbs, ...signature] = elementsOf(der);
    const [version, serial, algorithm, issuer, validity, ...rest] = tbs?.content ? elementsWithin(tbs.content) : [];
    const [, notAfter] = validity ? elementsWithin(validity.content) : [];
    const written = (element: DerElement | undefined) =>
      writeDer(element?.tag ?? 0, element?.content ?? new Uint8Array());
    const long = writeDer(
      derTag.sequence,
      writeDer(derTag.generalizedTime, new Uint8Array(300_000).fill(0x30)),
      written(notAfter),
    );
    const parts = [...[version, serial, algorithm, issuer].map(written), long, ...rest.map(written)];
    return Buffer.from(writeDer(derTag.sequence, writeDer(derTag.sequence, ...parts), ...signature.map(written)));
  }

  function elementsOf(der: Buffer): readonly DerElement[] {
    return elementsWithin(readDer(new Uint8Array(der))?.content ?? new Uint8Array());
  }

  function elementsWithin(content: Uint8Array<ArrayBuffer>): readonly DerElement[] {
    return readDerElements(content) ?? [];
  }

  /** What node:crypto reads. `undefined` when it throws. */
  function referenceOf(bytes: Buffer): X509Certificate | undefined {
    try {
      const reference = new X509Certificate(bytes);
      return reference.publicKey && reference;
    } catch {
      return undefined;
    }
  }
});

describe("A consumer's name", () => {
  it.for([
    '',
    'A',
    'a_b',
    'a b',
    '../x',
    'a/b',
    'a.b',
    'a\n',
    'é',
    '4444444444444444',
    '-',
    'a'.repeat(65),
    'private-key',
    'certificate',
  ])('cannot be %j, which the error does not quote', async (name) => {
    const error = await refused(parseConsumer(name, '{}'));
    expect(error.code).toBe('invalid_consumer_name');
    if (name.length > 10) expect(error.message.replaceAll(/"(private-key|certificate)"/g, '')).not.toContain(name);
  });

  it.for(['a', 'billing', 'fraud-check-2', 'a'.repeat(64)])('can be %s', async (name) => {
    expect(
      (await parseConsumer(name, JSON.stringify({ format: 'jwe', publicKey: spki(rsa.publicKey), ...everything })))
        .name,
    ).toBe(name);
  });
});
