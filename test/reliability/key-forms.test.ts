import { execFile } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { createDecryptor, decodeUtf8 } from 'flow-security-keys';
import { checkFlow } from 'flow-security-keys/flow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pem, recordingNamed, testKeys } from '../recordings/recordings.ts';
import { runCli } from '../support/cli.ts';
import { flowOfTwoWays } from '../support/flows.ts';

const { ciphertext, plaintext, keyId } = recordingNamed('java rsa2048-card-number');
const [key] = testKeys;
if (key === undefined || key.keyId !== keyId) throw new Error('The first test key is not that of the recording.');
const pkcs8 = pem('PRIVATE KEY', key.privateKeyPkcs8);
const certificate = pem('CERTIFICATE', key.certificate);
const der = Buffer.from(key.privateKeyPkcs8, 'base64');
const pkcs1 = createPrivateKey(pkcs8).export({ type: 'pkcs1', format: 'pem' }).toString();
const jwk = createPrivateKey(pkcs8).export({ format: 'jwk' });

const publicDer = (): string =>
  new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' }).toString('base64');

let folder: string;
const file = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cases-'));
  await writeFile(file('key.pem'), pkcs8, { mode: 0o600 });
  await writeFile(file('certificate.pem'), certificate);
  await mkdir(file(`keys/${keyId}`), { recursive: true, mode: 0o700 });
});
afterAll(() => rm(folder, { recursive: true }));

const shell = (command: string) =>
  promisify(execFile)('bash', ['-euo', 'pipefail', '-c', command], {
    cwd: folder,
    env: { PATH: process.env['PATH'] },
  });

/** The forms in which people have private keys, each as the bytes of a file. */
const accepted: Readonly<Record<string, () => string | Buffer>> = {
  'PKCS#8': () => pkcs8,
  'PKCS#1': () => pkcs1,
  'on one line, with spaces': () => pkcs8.replaceAll('\n', ' '),
  'without any line breaks': () => pkcs8.replaceAll('\n', ''),
  'in JSON': () => JSON.stringify({ privateKey: pkcs8 }),
  'in JSON, deep, under another name': () => JSON.stringify({ connect: { 'rsa-key': pkcs8, region: 'eu-west-1' } }),
  'as a JSON text': () => JSON.stringify(pkcs8),
  'in JSON in JSON': () => JSON.stringify({ secret: JSON.stringify({ key: pkcs8 }) }),
  indented: () => pkcs8.replaceAll(/^/gm, '    '),
  'quoted line by line': () => pkcs8.replaceAll(/^(.+)$/gm, '"$1"'),
  'in single quotes': () => `'${pkcs8}'`,
  'with line breaks spelled out': () => pkcs8.replaceAll('\n', '\\n'),
  'with line breaks spelled out twice': () => pkcs8.replaceAll('\n', '\\\\n'),
  'with CRLF': () => pkcs8.replaceAll('\n', '\r\n'),
  'base64 of PEM': () => Buffer.from(pkcs8).toString('base64'),
  'base64 of PEM, wrapped': () =>
    (
      Buffer.from(pkcs8)
        .toString('base64')
        .match(/.{1,76}/g) ?? []
    ).join('\n'),
  'base64 of DER': () => key.privateKeyPkcs8,
  'base64 of DER of PKCS#1': () => createPrivateKey(pkcs8).export({ type: 'pkcs1', format: 'der' }).toString('base64'),
  'UTF-16 with its mark': () => Buffer.from(`\uFEFF${pkcs8}`, 'utf16le'),
  'UTF-16 without it': () => Buffer.from(pkcs8, 'utf16le'),
  'UTF-16, big-endian': () => Buffer.from(`\uFEFF${pkcs8}`, 'utf16le').swap16(),
  'UTF-8 with a mark': () => `\uFEFF${pkcs8}`,
  'PKCS#8 under the label of PKCS#1': () => pkcs8.replaceAll('PRIVATE KEY', 'RSA PRIVATE KEY'),
  'PKCS#1 under the label of PKCS#8': () => pkcs1.replaceAll('RSA PRIVATE KEY', 'PRIVATE KEY'),
  'four dashes for five': () => pkcs8.replaceAll('-----', '----'),
  DER: () => der,
  'DER of PKCS#1': () => createPrivateKey(pkcs8).export({ type: 'pkcs1', format: 'der' }),
  JWK: () => JSON.stringify(jwk),
  'a set of JWKs': () => JSON.stringify({ keys: [jwk] }),
  'after its certificate': () => certificate + pkcs8,
};

async function opensInEachPlace(name: string, content: string | Buffer): Promise<void> {
  const path = file('given');
  await rm(path, { force: true });
  await writeFile(path, content, { mode: 0o600 });
  const command = await runCli(['decrypt', ciphertext, '--private-key', path, '--reveal']);
  expect([name, command.stdout.trim(), command.stderr]).toEqual([name, plaintext, '']);
  const stored = file(`keys/${keyId}/private-key.pem`);
  await rm(stored, { force: true });
  await writeFile(stored, content, { mode: 0o600 });
  const store = ['--store', `directory:${file('keys')}`];
  const inStore = await runCli(['decrypt', ciphertext, '--reveal', ...store]);
  expect([name, inStore.stdout.trim()]).toEqual([name, plaintext]);
  const listed = await runCli(['keys', 'list', ...store]);
  expect([name, listed.stdout]).toEqual([name, expect.stringMatching(/stored/)]);
  const doctor = await runCli(['doctor', ciphertext, ...store]);
  expect([name, doctor.stdout]).toEqual([name, expect.stringMatching(/ok +private key +RSA-2048/)]);
  // The text in a parameter, a secret or a Worker's binding.
  if (typeof content !== 'string') return;
  const decryptor = createDecryptor({ keyStore: { privateKeys: async () => [content] } });
  expect([name, decodeUtf8((await decryptor.decrypt(ciphertext)).plaintext)]).toEqual([name, plaintext]);
}

describe('A private key is read the same way everywhere', () => {
  it.for(Object.keys(accepted))('%s', async (name) => {
    await opensInEachPlace(name, accepted[name]?.() ?? '');
  });

  it('after random changes to its text', async () => {
    const steps: readonly ((text: string) => string)[] = [
      (text) => text.replaceAll('\n', '\r\n'),
      (text) => text.replaceAll('\n', '\\n'),
      (text) => text.replaceAll(/^/gm, '  '),
      (text) => `"${text}"`,
      (text) => JSON.stringify({ a: { b: text } }),
      (text) => Buffer.from(text).toString('base64'),
      (text) => `\n\n${text}\n`,
      (text) => `\uFEFF${text}`,
      (text) => text.replaceAll('-----', '----'),
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(pkcs8, pkcs1),
        fc.integer({ min: 16, max: 200 }),
        fc.uniqueArray(fc.nat(steps.length - 1), { maxLength: 2 }),
        async (text, width, chosen) => {
          const [first = '', last = ''] = text.match(/-----[A-Z ]+-----/g) ?? [];
          const body = text.replaceAll(/-----[A-Z ]+-----|\s/g, '').match(new RegExp(`.{1,${width}}`, 'g')) ?? [];
          const changed = chosen.reduce((done, step) => steps[step]?.(done) ?? done, [first, ...body, last].join('\n'));
          const decryptor = createDecryptor({ keyStore: { privateKeys: async () => [changed] } });
          const outcome = await decryptor.decrypt(ciphertext).then(
            (result) => decodeUtf8(result.plaintext),
            ({ code }) => code,
          );
          // Quotes around quoted text are not valid JSON. The message then names the key.
          expect([plaintext, 'invalid_private_key']).toContain(outcome);
          if (chosen.length < 2) expect(outcome).toBe(plaintext);
          const path = file('changed');
          await writeFile(path, changed, { mode: 0o600 });
          const command = await runCli(['decrypt', ciphertext, '--private-key', path, '--reveal']);
          expect(command.exitCode === 0 ? command.stdout.trim() : 'invalid_private_key').toBe(outcome);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('What is not a usable private key is named, with a command that works', () => {
  it('an encrypted key: the passphrase decrypts it, and the decrypted key is not written to disk', async () => {
    await shell('openssl pkcs8 -topk8 -in key.pem -passout pass:canary -out encrypted-pkcs8.pem');
    await shell('openssl rsa -in key.pem -traditional -aes256 -passout pass:canary -out encrypted-pkcs1.pem');
    await writeFile(file('passphrase'), 'canary\n', { mode: 0o600 });
    for (const name of ['encrypted-pkcs8.pem', 'encrypted-pkcs1.pem']) {
      const args = ['decrypt', ciphertext, '--reveal', '--private-key', file(name)];
      const opened = await runCli([...args, '--passphrase-file', file('passphrase')]);
      expect([name, opened.stdout.trim()]).toEqual([name, plaintext]);
      expect(await runCli(args)).toMatchObject({ exitCode: 7, stderr: expect.stringMatching(/--passphrase-file/) });
      await writeFile(file('wrong'), 'wrong', { mode: 0o600 });
      const wrong = await runCli([...args, '--passphrase-file', file('wrong')]);
      expect(wrong).toMatchObject({ exitCode: 3, stderr: expect.stringMatching(/passphrase is wrong/) });
      // For a key in a store, the message names a command to run.
      const stored = await readFile(file(name), 'utf8');
      const decryptor = createDecryptor({ keyStore: { privateKeys: async () => [stored] } });
      const error: unknown = await decryptor.decrypt(ciphertext).catch((caught: unknown) => caught);
      const [, advised = ''] = String(error).match(/"flow-keys ([^"]+)"/) ?? [];
      await rm(file('imported'), { recursive: true, force: true });
      await mkdir(file('imported'), { mode: 0o700 });
      const imported = await runCli([
        ...advised.replace('FILE', file(name)).split(' '),
        ...['--key-id', keyId, '--store', `directory:${file('imported')}`, '--passphrase-file', file('passphrase')],
      ]);
      expect(imported).toMatchObject({ exitCode: 0 });
      const store = ['--store', `directory:${file('imported')}`];
      expect((await runCli(['decrypt', ciphertext, '--reveal', ...store])).stdout.trim()).toBe(plaintext);
    }
  });

  it('PKCS#12: openssl extracts the key, and flow-keys stores it', async () => {
    await shell('openssl pkcs12 -export -inkey key.pem -in certificate.pem -passout pass: -out key.pfx');
    const named = await runCli(['decrypt', ciphertext, '--private-key', file('key.pfx')]);
    expect(named).toMatchObject({ exitCode: 3, stderr: expect.stringMatching(/is a PKCS#12 file/) });
    const [, advised = ''] = named.stderr.match(/"(openssl [^|]+)\| flow-keys keys import -"/) ?? [];
    const { stdout } = await shell(`${advised.replace('FILE', file('key.pfx'))} -passin pass:`);
    await rm(file('from-pfx'), { recursive: true, force: true });
    await mkdir(file('from-pfx'), { mode: 0o700 });
    const store = ['--store', `directory:${file('from-pfx')}`];
    expect(await runCli(['keys', 'import', '-', '--key-id', keyId, ...store], { input: stdout })).toMatchObject({
      exitCode: 0,
    });
    expect((await runCli(['decrypt', ciphertext, '--reveal', ...store])).stdout.trim()).toBe(plaintext);
  });
});

describe('A certificate', () => {
  const forms: Readonly<Record<string, () => string | Buffer>> = {
    PEM: () => certificate,
    'on one line': () => certificate.replaceAll('\n', ' '),
    'in JSON': () => JSON.stringify({ certificate }),
    'with line breaks spelled out': () => certificate.replaceAll('\n', '\\n'),
    DER: () => Buffer.from(key.certificate, 'base64'),
    'base64 of DER': () => key.certificate,
    'UTF-16': () => Buffer.from(`\uFEFF${certificate}`, 'utf16le'),
    'in a bundle, after another block': () => pem('PUBLIC KEY', publicDer()) + certificate,
  };
  const write = (path: string) => [
    'flow',
    'write',
    '--key-id',
    keyId,
    '--function',
    functionArn,
    '--certificate',
    path,
  ];
  const functionArn = 'arn:aws:lambda:us-east-1:123456789012:function:decrypt';

  it.for(Object.keys(forms))('is read as %s, and written as PEM', async (name) => {
    await writeFile(file('given.crt'), forms[name]?.() ?? '');
    await chmod(file('given.crt'), 0o644);
    const encrypted = await runCli(['encrypt', '4444', '--key-id', keyId, '--certificate', file('given.crt')]);
    expect([name, encrypted.exitCode, encrypted.stderr]).toEqual([name, 0, '']);
    const flow = await runCli(write(file('given.crt')));
    expect(flow.stdout).toContain(JSON.stringify(certificate).slice(1, 120));
    expect(checkFlow(JSON.parse(flow.stdout)).findings).toEqual([]);
  });

  it.for<[string, () => string, RegExp]>([
    ['a public key', () => pem('PUBLIC KEY', publicDer()), /is a public key, but not a certificate/],
    ['a private key', () => pkcs8, /holds a private key, but no certificate/],
    ['nothing', () => '', /is not an X\.509 certificate/],
    ['text', () => 'certificate', /is not an X\.509 certificate/],
    ['PEM cut short', () => certificate.slice(0, 300), /damaged or incomplete/],
  ])('is named where it is %s', async ([, make, said]) => {
    await writeFile(file('given.crt'), make());
    const named = await runCli(['encrypt', '4444', '--key-id', keyId, '--certificate', file('given.crt')]);
    expect(named).toMatchObject({ exitCode: 3, stderr: expect.stringMatching(said) });
    if (make() === '' || !make().includes('BEGIN')) return;
    const flow = flowOfTwoWays(make());
    expect(checkFlow(flow).findings.map(({ code }) => code)).toContainEqual(
      expect.stringMatching(/public_key_in_flow|private_key_in_flow|certificate_unreadable/),
    );
  });

  it('is created from a request by the command in the message', async () => {
    await shell('openssl req -new -key key.pem -subj /CN=test -out request.pem');
    const named = await runCli(['encrypt', '4444', '--key-id', keyId, '--certificate', file('request.pem')]);
    expect(named).toMatchObject({ exitCode: 3, stderr: expect.stringMatching(/is a certificate request/) });
    const [, advised = ''] = named.stderr.match(/"(openssl [^"]+)"/) ?? [];
    const command = advised.replace('FILE', file('request.pem')).replace('private-key.pem', 'key.pem');
    await shell(command.replace('-out certificate.pem', '-out signed.pem'));
    const made = await runCli(['encrypt', '4444', '--key-id', keyId, '--certificate', file('signed.pem')]);
    expect(made).toMatchObject({ exitCode: 0 });
    expect((await runCli(['decrypt', made.stdout.trim(), '--private-key', file('key.pem'), '--reveal'])).stdout).toBe(
      '4444\n',
    );
  });

  it('is created for a key by the command in the message', async () => {
    await writeFile(file('public.pem'), pem('PUBLIC KEY', publicDer()));
    const named = await runCli(['encrypt', '4444', '--key-id', keyId, '--certificate', file('public.pem')]);
    const [, advised = ''] = named.stderr.match(/"(openssl req [^"]+)"/) ?? [];
    await shell(advised.replace('private-key.pem', 'key.pem').replace('-out certificate.pem', '-out made.pem'));
    const made = await runCli(['encrypt', '4444', '--key-id', keyId, '--certificate', file('made.pem')]);
    expect(made).toMatchObject({ exitCode: 0 });
    expect((await runCli(['decrypt', made.stdout.trim(), '--private-key', file('key.pem'), '--reveal'])).stdout).toBe(
      '4444\n',
    );
  });
});
