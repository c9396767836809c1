import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createDecryptor, decodeUtf8, FlowKeysError } from 'flow-security-keys';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pem, recordingNamed, testKeys } from './recordings/recordings.ts';

const { ciphertext, plaintext, keyId } = recordingNamed('java rsa2048-card-number');
const [testKey] = testKeys;
const pkcs8 = pem('PRIVATE KEY', testKey?.privateKeyPkcs8 ?? '');

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'private-key-'));
  await writeFile(join(folder, 'key.pem'), pkcs8, { mode: 0o600 });
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs `openssl` on key.pem, the test key, and returns what it writes to out.pem. */
async function openssl(command: string): Promise<string> {
  await promisify(execFile)('openssl', command.split(' '), { cwd: folder });
  return readFile(join(folder, 'out.pem'), 'utf8');
}

async function decryptWith(stored: string): Promise<string | undefined> {
  const decryptor = createDecryptor({ keyStore: { privateKeys: async () => [stored] } });
  return decodeUtf8((await decryptor.decrypt(ciphertext)).plaintext);
}

async function messageFor(stored: string): Promise<string> {
  const error: unknown = await decryptWith(stored).catch((caught: unknown) => caught);
  if (!(error instanceof FlowKeysError)) throw new Error('The text was accepted.');
  expect(error).toMatchObject({ code: 'invalid_private_key', keyId });
  expect(error.message).toContain(keyId);
  return error.message;
}

describe('A private key is accepted', () => {
  it.for<[string, () => string | Promise<string>]>([
    ['as PKCS#8', () => pkcs8],
    ['as PKCS#1, which OpenSSL 1 and LibreSSL write', () => openssl('rsa -in key.pem -traditional -out out.pem')],
    ['with CRLF line endings', () => pkcs8.replaceAll('\n', '\r\n')],
    ['with line breaks escaped as \\n, as in an environment variable', () => pkcs8.replaceAll('\n', '\\n')],
    ['with line breaks escaped as \\r\\n', () => pkcs8.replaceAll('\n', '\\r\\n')],
    ['on one line', () => pkcs8.replaceAll('\n', ' ')],
    ['with white space around it', () => `\n\t ${pkcs8}\n\n`],
    ['with the text that openssl writes before it', () => openssl('pkey -in key.pem -text -out out.pem')],
    ['after its certificate', () => `${pem('CERTIFICATE', testKey?.certificate ?? '')}${pkcs8}`],
    [
      'after another key, as a second candidate',
      () => `${pem('PRIVATE KEY', testKeys[1]?.privateKeyPkcs8 ?? '')}${pkcs8}`,
    ],
  ])('%s', async ([, make]) => {
    expect(await decryptWith(await make())).toBe(plaintext);
  });
});

describe('The error for an unusable private key says what it is and what to do:', () => {
  it.for<[string, () => string | Promise<string>, RegExp]>([
    [
      'an encrypted PKCS#8 key',
      () => openssl('pkcs8 -topk8 -in key.pem -passout pass:canary -out out.pem'),
      /is an encrypted PKCS#8 private key.*flow-keys keys import/,
    ],
    [
      'an encrypted PKCS#1 key',
      () => openssl('rsa -in key.pem -traditional -aes256 -passout pass:canary -out out.pem'),
      /is an encrypted PKCS#1 private key.*flow-keys keys import/,
    ],
    ['a public key', () => openssl('pkey -in key.pem -pubout -out out.pem'), /is a public key.*openssl pkey/],
    ['a PKCS#1 public key', () => openssl('rsa -in key.pem -RSAPublicKey_out -out out.pem'), /is a public key/],
    ['a certificate', () => pem('CERTIFICATE', testKey?.certificate ?? ''), /is a certificate.*openssl x509/],
    [
      'an EC key as PKCS#8',
      () => openssl('genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out out.pem'),
      /is an EC private key.*openssl genpkey -algorithm RSA/,
    ],
    [
      'an EC key in its traditional form',
      () => openssl('ecparam -name prime256v1 -genkey -out out.pem'),
      /is an EC private key/,
    ],
    ['an Ed25519 key', () => openssl('genpkey -algorithm ED25519 -out out.pem'), /for another algorithm than RSA/],
    [
      'an RSA key of 1024 bits',
      () => openssl('genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out out.pem'),
      /an RSA key of 1024 bits; at least 2048.*openssl genpkey/,
    ],
    [
      'a key cut short',
      () => pem('PRIVATE KEY', testKey?.privateKeyPkcs8.slice(0, 800) ?? ''),
      /is a damaged private key.*openssl pkey/,
    ],
    ['a key without its last line', () => pkcs8.replace(/-----END.*/, ''), /PEM text cut short/],
    ['an empty text', () => ' \n', /is empty/],
    ['other text', () => 'hunter2', /is not a private key/],
  ])('%s', async ([, make, expected]) => {
    const stored = await make();
    const message = await messageFor(stored);
    expect(message).toMatch(expected);
    const longest = stored.split(/\s+/).filter((word) => word.length > 20);
    for (const secret of [...longest, 'hunter2']) expect(message).not.toContain(secret);
  });
});
