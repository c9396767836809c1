import { constants, publicEncrypt } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { createDecryptor, inspect } from 'flow-security-keys';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contactFlowEvent, pem, recordingNamed, testKeyStore, testKeys } from '../recordings/recordings.ts';
import { runCli } from '../support/cli.ts';
import { readVectors } from '../support/shared-data.ts';

const { ciphertext, plaintext, keyId } = recordingNamed('java rsa2048-card-number');
const key = testKeys.find((known) => known.keyId === keyId);

let folder: string;
const file = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ciphertexts-'));
  await writeFile(file('key.pem'), pem('PRIVATE KEY', key?.privateKeyPkcs8 ?? ''), { mode: 0o600 });
});
afterAll(() => rm(folder, { recursive: true }));

const wrapped = (width: number, separator: string) =>
  (ciphertext.match(new RegExp(`.{1,${width}}`, 'g')) ?? []).join(separator);
// One with a plus, a slash and padding in it.
const html = (text: string) => text.replaceAll('+', '&#43;').replaceAll('/', '&#x2F;').replaceAll('=', '&equals;');

/** What people paste, and the error over HTTP and in Lambda, or `read`. */
const pastes: Readonly<Record<string, readonly [text: () => string, elsewhere: 'read' | RegExp]>> = {
  'the ciphertext': [() => ciphertext, 'read'],
  'with white space around it': [() => `\n  ${ciphertext}\n`, 'read'],
  'wrapped as mail is': [() => wrapped(76, '\r\n'), 'read'],
  'wrapped, and indented': [() => wrapped(64, '\n   '), 'read'],
  'wrapped at spaces': [() => wrapped(64, ' '), 'read'],
  'in double quotes': [() => `"${ciphertext}"`, /it is in quotes/],
  'in single quotes': [() => `'${ciphertext}'`, /it is in quotes/],
  'as Python prints bytes': [() => `b'${ciphertext}'`, /it is in quotes/],
  'quoted twice': [() => JSON.stringify(JSON.stringify(ciphertext)), /it is in quotes/],
  'percent-encoded': [() => encodeURIComponent(ciphertext), /percent-encoded/],
  'percent-encoded twice': [() => encodeURIComponent(encodeURIComponent(ciphertext)), /percent-encoded/],
  'HTML-escaped': [() => html(ciphertext), /HTML-escaped/],
  'decoded as a form, so that "+" became a space': [() => ciphertext.replaceAll('+', ' '), /"\+" became spaces/],
  base64url: [() => ciphertext.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''), /base64url/],
  'the event of the function': [
    () => JSON.stringify(contactFlowEvent({ 'my-secret-string': ciphertext })),
    /it is JSON/,
  ],
  'a line of a log': [() => `2026-11-02T10:00:00Z INFO card=${ciphertext} contact=5ca32fbd`, /not base64/],
};

describe('A pasted ciphertext is found, or the error says what is wrong', () => {
  it.for(Object.keys(pastes))('%s', async (name) => {
    const [make, elsewhere] = pastes[name] ?? [() => '', 'read'];
    const text = make();
    await writeFile(file('pasted.txt'), text);
    for (const operand of ['-', file('pasted.txt')]) {
      const input = operand === '-' ? text : '';
      const inspected = await runCli(['inspect', operand], { input });
      expect([name, inspected.stdout, inspected.stderr]).toEqual([name, expect.stringContaining(keyId), '']);
      const args = ['decrypt', operand, '--private-key', file('key.pem'), '--reveal'];
      expect([name, (await runCli(args, { input })).stdout.trim()]).toEqual([name, plaintext]);
    }
    const decryptor = createDecryptor({ keyStore: testKeyStore });
    const outcome = await decryptor.decrypt(text).then(
      () => 'read',
      (error: Error) => error.message,
    );
    expect([name, outcome]).toEqual([name, elsewhere === 'read' ? 'read' : expect.stringMatching(elsewhere)]);
    expect(outcome).not.toContain(ciphertext.slice(0, 40));
  });

  it('UTF-16, as PowerShell writes it', async () => {
    await writeFile(file('utf16.txt'), Buffer.from(`\uFEFF${ciphertext}\r\n`, 'utf16le'));
    expect((await runCli(['inspect', file('utf16.txt')])).stdout).toContain(keyId);
  });

  it('wrapped at any width', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 20, max: 300 }),
        fc.constantFrom('\n', '\r\n', '\n\t', ' '),
        async (width, gap) => {
          expect((await inspect(wrapped(width, gap))).messageBytes).toBe(Buffer.from(ciphertext, 'base64').length);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('two in one text are an error', async () => {
    const other = recordingNamed('java rsa2048-cvc').ciphertext;
    const both = await runCli(['inspect', '-'], { input: `a ${ciphertext} b ${other} c` });
    expect(both.exitCode).toBe(3);
  });
});

describe('A message from another system', () => {
  it('is refused with the name of its provider', async () => {
    const bytes = Buffer.from(ciphertext, 'base64');
    const text = bytes.toString('latin1').replace('AmazonConnect', 'HardwareStore');
    const message = Buffer.from(text, 'latin1').toString('base64');
    const decryptor = createDecryptor({ keyStore: testKeyStore });
    await expect(decryptor.decrypt(message)).rejects.toMatchObject({
      code: 'unsupported_message',
      message: expect.stringMatching(/complete.*provider HardwareStore.*not encrypted with a flow security key/),
    });
  });

  it.skipIf(readVectors() === undefined)('is parsed when its provider info is not text', async () => {
    const vector = readVectors()?.vectors[0]?.ciphertextBase64 ?? '';
    expect((await inspect(vector)).encryptedDataKeys).toHaveLength(1);
  });

  it('gets the wrapping padding named as a possible cause', async () => {
    const bytes = Buffer.from(ciphertext, 'base64');
    const place = bytes.indexOf(keyId, 0, 'latin1') + keyId.length + 2;
    const publicKey = {
      key: pem('PRIVATE KEY', key?.privateKeyPkcs8 ?? ''),
      padding: constants.RSA_PKCS1_OAEP_PADDING,
    };
    publicEncrypt({ ...publicKey, oaepHash: 'sha256' }, Buffer.alloc(32)).copy(bytes, place);
    const decryptor = createDecryptor({ keyStore: testKeyStore });
    await expect(decryptor.decrypt(bytes.toString('base64'))).rejects.toMatchObject({
      code: 'decryption_failed',
      message: expect.stringMatching(/not wrapped with RSA-OAEP and SHA-512/),
    });
  });
});
