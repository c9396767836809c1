import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildClient, CommitmentPolicy, RawRsaKeyringNode } from '@aws-crypto/client-node';
import fc from 'fast-check';
import { inspect } from 'flow-security-keys';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { articleRecording, pem, privateKeyOf, recordings, testKeys } from '../recordings/recordings.ts';
import { answerOf, runCli } from '../support/cli.ts';

const [key, otherKey] = testKeys;
if (key === undefined || otherKey === undefined) throw new Error('There are no two test keys.');
const digits = '4929736155123456';

let folder: string;
const file = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'messages-'));
  await writeFile(file('key.pem'), privateKeyOf(key), { mode: 0o600 });
  await writeFile(file('other.pem'), privateKeyOf(otherKey), { mode: 0o600 });
  await writeFile(file('certificate.pem'), pem('CERTIFICATE', key.certificate));
});
afterAll(() => rm(folder, { recursive: true }));

const encrypt = (input: string) => ['encrypt', input, '--certificate', file('certificate.pem'), '--key-id', key.keyId];

describe('flow-keys inspect', () => {
  it('shows what each recording reveals without a key', async () => {
    for (const { ciphertext } of [...recordings.slice(0, 3), articleRecording]) {
      expect(await answerOf(['inspect', ciphertext])).toEqual(await inspect(ciphertext));
      const { stdout } = await runCli(['inspect', '-'], { input: `${ciphertext}\n` });
      expect(stdout).toMatch(
        /^suite +0378 .*\nkey id +\S+ +\(AmazonConnect, \d+ bytes\)\n.*\n.*\n.*\nsignature +valid\n$/,
      );
    }
  });

  it('does not let a message steer the terminal', async () => {
    const bytes = Buffer.from(articleRecording.ciphertext, 'base64');
    // The provider info holds the key id.
    bytes.write('\u001b[2J\u001b[1;1H', bytes.indexOf(articleRecording.keyId), 'latin1');
    const { stdout } = await runCli(['inspect', bytes.toString('base64')]);
    expect(stdout).toContain('\u{fffd}[2J');
    expect(stdout).not.toContain('\u001b');
  });
});

describe('flow-keys encrypt', () => {
  it('creates the same message as Connect, except for its contents', async () => {
    const { ciphertext } = await answerOf(encrypt('4'.repeat(articleRecording.plaintextLength)));
    const { encryptedDataKeys, encryptionContext, messageBytes, ...made } = await inspect(ciphertext);
    const connect = await inspect(articleRecording.ciphertext);
    expect(connect).toMatchObject(made);
    expect(Object.keys(encryptionContext)).toEqual(Object.keys(connect.encryptionContext));
    expect(encryptedDataKeys).toEqual([{ ...connect.encryptedDataKeys[0], providerInfo: key.keyId }]);
    // DER writes an integer with or without a leading zero.
    expect(Math.abs(messageBytes - connect.messageBytes)).toBeLessThanOrEqual(4);
  });

  it('creates messages that the AWS Encryption SDK and flow-keys decrypt can read', async () => {
    const { decrypt } = buildClient(CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT);
    const keyring = new RawRsaKeyringNode({
      ...{ keyNamespace: 'AmazonConnect', keyName: key.keyId, oaepHash: 'sha512' },
      rsaKey: { privateKey: privateKeyOf(key) },
    });
    await fc.assert(
      fc.asyncProperty(fc.stringMatching(/^[0-9*#]{0,20}$/), async (typed) => {
        const { stdout } = await runCli([...encrypt('-')], { input: `${typed}\n` });
        const { plaintext } = await decrypt(keyring, Buffer.from(stdout, 'base64'));
        expect(plaintext.toString()).toBe(typed);
        const args = ['decrypt', '-', '--private-key', file('key.pem'), '--reveal'];
        expect((await runCli(args, { input: stdout })).stdout).toBe(`${typed}\n`);
      }),
      { numRuns: 5 },
    );
  });
});

describe('flow-keys decrypt', () => {
  it('shows what the caller typed only with --reveal', async () => {
    const { ciphertext } = await answerOf(encrypt(digits));
    const decrypt = ['decrypt', ciphertext, '--private-key', file('key.pem')];
    for (const args of [decrypt, [...decrypt, '--json']]) {
      const { exitCode, stdout, stderr } = await runCli(args);
      expect(exitCode).toBe(0);
      expect(stdout).toContain('16');
      expect(stdout + stderr).not.toContain(digits);
    }
    expect((await runCli([...decrypt, '--reveal'])).stdout).toBe(`${digits}\n`);
    expect(await answerOf([...decrypt, '--reveal'])).toMatchObject({
      plaintext: digits,
      keyId: key.keyId,
      plaintextLength: 16,
    });
  });

  it('says what is wrong without a secret', async () => {
    const { ciphertext } = await answerOf(encrypt(digits));
    const altered = Buffer.from(ciphertext, 'base64');
    altered[altered.length - 5] = (altered[altered.length - 5] ?? 0) ^ 1;
    const otherId = '--key-id=00000000-0000-4000-8000-00000000000a';
    const cases = [
      [[ciphertext, '--private-key', file('other.pem')], 3, 'decryption_failed'],
      [[altered.toString('base64'), '--private-key', file('key.pem')], 3, /decryption_failed|malformed_ciphertext/],
      [[ciphertext, '--private-key', file('key.pem'), otherId], 3, 'key_id_mismatch'],
      [[ciphertext, '--private-key', file('certificate.pem')], 3, 'invalid_private_key'],
      [[ciphertext, '--store', `directory:${file('nowhere')}`], 6, 'unknown_key'],
      [['Timeout', '--private-key', file('key.pem')], 3, 'no_caller_input'],
    ] as const;
    for (const [args, exitCode, code] of cases) {
      const run = await runCli(['decrypt', ...args, '--reveal']);
      expect(run).toMatchObject({ exitCode, stdout: '', stderr: expect.stringMatching(code) });
      expect(run.stderr).not.toMatch(new RegExp(`${digits}|PRIVATE KEY|${ciphertext.slice(40, 80)}`));
    }
  });
});

describe('flow-keys certificate issue', () => {
  it('signs for a consumer, so that only the consumer can decrypt', async () => {
    const out = file('billing');
    const issuer = ['--issuer-private-key', file('key.pem'), '--issuer-certificate', file('certificate.pem')];
    const issued = await runCli(['certificate', 'issue', '--subject', 'CN=billing', ...issuer, '--out', out]);
    expect(issued).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/not tried on a live instance/) });
    const leaf = join(out, 'certificate.pem');
    const verified = ['verify', '-CAfile', file('certificate.pem'), leaf];
    expect(execFileSync('openssl', verified, { encoding: 'utf8' })).toContain('OK');
    expect((await stat(join(out, 'private-key.pem'))).mode & 0o777).toBe(0o600);

    const input = ['encrypt', digits, '--certificate', leaf, '--key-id', key.keyId];
    const { ciphertext } = await answerOf(input);
    const decrypt = (privateKey: string) => runCli(['decrypt', ciphertext, '--reveal', '--private-key', privateKey]);
    expect((await decrypt(join(out, 'private-key.pem'))).stdout).toBe(`${digits}\n`);
    expect((await decrypt(file('key.pem'))).exitCode).toBe(3);
  });

  it("signs a consumer's own public key, and refuses an issuer's certificate of another key or that expires earlier", async () => {
    const publicKey = file('consumer.pub');
    execFileSync('openssl', ['pkey', '-in', file('other.pem'), '-pubout', '-out', publicKey]);
    const issue = (out: string, ...args: string[]) =>
      runCli([
        'certificate',
        'issue',
        '--subject',
        'CN=ledger',
        '--public-key',
        publicKey,
        '--out',
        file(out),
        ...args,
      ]);
    const certificate = ['--issuer-certificate', file('certificate.pem')];
    expect(await issue('ledger', '--issuer-private-key', file('key.pem'), ...certificate)).toMatchObject({
      exitCode: 0,
    });
    const described = execFileSync(
      'openssl',
      ['x509', '-in', join(file('ledger'), 'certificate.pem'), '-noout', '-pubkey'],
      { encoding: 'utf8' },
    );
    expect(described).toBe(await readFile(publicKey, 'utf8'));
    expect(await issue('a', '--issuer-private-key', file('other.pem'), ...certificate)).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(/belongs to another key/),
    });
    expect(await issue('b', '--issuer-private-key', file('key.pem'), ...certificate, '--days', '10000')).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(/fewer --days/),
    });
  });
});
