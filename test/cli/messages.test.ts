import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildClient, CommitmentPolicy, RawRsaKeyringNode } from '@aws-crypto/client-node';
import fc from 'fast-check';
import { inspect } from 'flow-security-keys';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { articleRecording, pem, privateKeyOf, recordings, testKeys } from '../recordings/recordings.ts';
import { answerOf, cliExecutable, runCli, startCli } from '../support/cli.ts';

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
  it('says what each recording says without a key', async () => {
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
    // The provider info, where the key id is.
    bytes.write('\u001b[2J\u001b[1;1H', bytes.indexOf(articleRecording.keyId), 'latin1');
    const { stdout } = await runCli(['inspect', bytes.toString('base64')]);
    expect(stdout).toContain('\u{fffd}[2J');
    expect(stdout).not.toContain('\u001b');
  });
});

describe('flow-keys encrypt', () => {
  it('makes what Connect makes, but for the contents', async () => {
    const { ciphertext } = await answerOf(encrypt('4'.repeat(articleRecording.plaintextLength)));
    const { encryptedDataKeys, encryptionContext, messageBytes, ...made } = await inspect(ciphertext);
    const connect = await inspect(articleRecording.ciphertext);
    expect(connect).toMatchObject(made);
    expect(Object.keys(encryptionContext)).toEqual(Object.keys(connect.encryptionContext));
    expect(encryptedDataKeys).toEqual([{ ...connect.encryptedDataKeys[0], providerInfo: key.keyId }]);
    // DER writes an integer with or without a leading zero.
    expect(Math.abs(messageBytes - connect.messageBytes)).toBeLessThanOrEqual(4);
  });

  it("is read by AWS's own SDK, and by flow-keys decrypt", async () => {
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
  it('shows what the caller typed only if asked', async () => {
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

  it('says what is wrong, and nothing of what is secret', async () => {
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
  it('signs for a consumer, who alone can then decrypt', async () => {
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

  it("signs a consumer's own public key, and refuses an issuer's certificate of another key or that ends sooner", async () => {
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
      stderr: expect.stringMatching(/of another key/),
    });
    expect(await issue('b', '--issuer-private-key', file('key.pem'), ...certificate, '--days', '10000')).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(/fewer --days/),
    });
  });
});

describe('flow-keys completion', () => {
  it.for(['bash', 'zsh', 'fish'])('prints a script for %s, which asks for what there is', async (shell) => {
    const script = await runCli(['completion', shell]);
    expect(script).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('flow-keys complete --') });
    const { stdout } = await runCli(['complete', '--', 'keys', '']);
    expect(stdout).toMatch(/create[\s\S]*associate[\s\S]*list[\s\S]*retire/);
    expect((await runCli(['complete', '--', 'rotate', '--dr'])).stdout).toContain('--dry-run');
  });
});

describe('The start of a command', () => {
  it('loads no AWS client, and no more than it needs', async () => {
    const coverage = file('coverage');
    await runCli(['inspect', articleRecording.ciphertext], { environment: { NODE_V8_COVERAGE: coverage } });
    const [report = ''] = await readdir(coverage);
    const { result } = JSON.parse(await readFile(join(coverage, report), 'utf8'));
    const loaded: readonly string[] = result
      .map(({ url }: { readonly url: string }) => url)
      .filter((url: string) => url.startsWith('file:'));
    const texts = await Promise.all(loaded.map((url) => readFile(new URL(url), 'utf8')));
    expect(texts.length).toBeGreaterThan(1);
    expect(texts.join('')).not.toMatch(/@aws-sdk\/client-|@aws-crypto|@peculiar\/x509/);
    expect(texts.join('').length).toBeLessThan(250_000);
  });
});

describe('A terminal', () => {
  const onTerminal = (args: string, input = '', environment = {}) =>
    execFileSync('script', ['-qec', `"${process.execPath}" "${cliExecutable}" ${args}`, '/dev/null'], {
      input,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], TERM: 'xterm', ...environment },
    });

  it('is the only place with colours, and NO_COLOR is heeded', async () => {
    const altered = Buffer.from(articleRecording.ciphertext, 'base64');
    altered[300] = (altered[300] ?? 0) ^ 1;
    const inspect = `inspect ${altered.toString('base64')}`;
    expect(onTerminal(inspect)).toContain('\u001b[31minvalid');
    expect(onTerminal(inspect, '', { NO_COLOR: '1' })).not.toContain('\u001b');
    expect((await runCli(inspect.split(' '))).stdout).toMatch(/signature +invalid/);
    expect(onTerminal(`${inspect} | cat`)).not.toContain('\u001b');
  });

  it('is asked before what cannot be undone, and "yes" alone is a yes', async () => {
    const store = `directory:${file('asked')}`;
    await answerOf(['keys', 'create', '--store', store, '--out', file('made')]);
    const { keys } = await answerOf(['keys', 'list', '--store', store]);
    const retire = `keys retire ${keys[0].keyId} --delete-private-key --store ${store}; echo code $?`;
    expect(onTerminal(retire, 'no\n')).toMatch(/Type "yes" to go on[\s\S]*Stopped before that[\s\S]*code 7/);
    expect(await readdir(file('asked'))).toHaveLength(1);
    expect(onTerminal(retire, 'yes\n')).toMatch(/removed from[\s\S]*code 0/);
    expect(await readdir(file('asked'))).toEqual([]);
  });

  it('shows that work goes on when it takes more than a second, and so does a log', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const environment = {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    };
    const waiting = startCli(['keys', 'list'], { environment });
    await waiting.wrote('Reading keys and certificates …');
    waiting.child.kill();
    await waiting.ended;
    silent.close();
  });
});
