import { execFile } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { flowKeys } from '../../adapters/demonstration/node.ts';
import { awsSettings } from '../support/aws-settings.ts';
import { type EmulatedFunction, hasEmulator, startEmulator } from '../support/emulator.ts';
import { encrypted } from '../support/encrypted.ts';
import { awsCommandLine, hasPython } from '../support/python.ts';
import { root } from './stack.ts';

const run = promisify(execFile);
const keyId = '0e2b7f6c-2f5c-4d7e-9a52-5d8d3f6f0a11';

/** The README's commands from a clone to a test call. */
async function commandsOf(name: string): Promise<readonly string[]> {
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const [, block = ''] = readme.match(new RegExp(`<!-- commands: ${name} -->[^\`]*\`\`\`sh\n(.*?)\`\`\``, 's')) ?? [];
  return block.trim().split('\n');
}

/** What is not run here, because it needs an account, or is what this test was started with. */
function replaced(commands: readonly string[], replacements: readonly (readonly [start: string, command: string])[]) {
  for (const [start] of replacements) {
    expect(commands.filter((command) => command.startsWith(start))).toHaveLength(1);
  }
  return commands.map((command) => replacements.find(([start]) => command.startsWith(start))?.[1] ?? command);
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clone-'));
  await writeFile(join(folder, 'package.json'), '{}');
  await mkdir(join(folder, 'node_modules/.bin'), { recursive: true });
  await symlink(flowKeys, join(folder, 'node_modules/.bin/flow-keys'));
});
afterEach(() => rm(folder, { recursive: true }));

async function bash(commands: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<string> {
  const path = [dirname(process.execPath), dirname(awsCommandLine), process.env['PATH']].join(':');
  const env = { HOME: folder, PATH: path, TMPDIR: folder, ...environment };
  const { stdout } = await run('setsid', ['--wait', 'bash', '-euc', commands.join('\n')], { cwd: folder, env });
  return stdout;
}

// Of the process group, which is the commands' own.
const endsAll = "trap 'trap : TERM; kill 0' EXIT";

// In place of "flow-keys encrypt": the AWS Encryption SDK.
const encryption = 'CIPHERTEXT=';
async function testCiphertext(certificate: string, id: string): Promise<string> {
  return encrypted('4444444444444444', id, createPublicKey(await readFile(join(folder, certificate))));
}

describe("The README's way from a clone to a test call", { timeout: 120_000 }, () => {
  it.each(['lambda', 'self-hosting', 'workers'])('takes eight commands at most for %s', async (name) => {
    const commands = await commandsOf(name);
    expect(commands[0]).toBe('npm ci && npm run build');
    expect(commands.length).toBeLessThanOrEqual(8);
  });

  it('leads to a service on Node that decrypts', async () => {
    const port = String(await freePort());
    const commands = replaced(await commandsOf('self-hosting'), [
      ['npm ci', ':'],
      [encryption, ':'],
    ]).map((command) => command.replaceAll('8080', port));
    const split = commands.findIndex((command) => command.includes('npx flow-keys serve'));
    await bash([...commands.slice(0, split), 'echo $KEY_ID > key-id.txt']);
    const id = (await readFile(join(folder, 'key-id.txt'), 'utf8')).trim();
    const output = await bash([endsAll, ...commands.slice(split)], {
      CIPHERTEXT: await testCiphertext('certificate.pem', id),
    });
    expect(output).toContain('"plaintext":"4444444444444444"');
  });

  describe.skipIf(!hasPython() || !hasEmulator())('on AWS', () => {
    let emulated: EmulatedFunction;
    beforeEach(async () => {
      emulated = await startEmulator('index.handler', awsSettings(inject('awsEndpoint') ?? ''));
    });
    afterEach(() => emulated.stop());

    it('leads to a function that decrypts', async () => {
      const commands = replaced(await commandsOf('lambda'), [
        ['npm ci', ':'],
        ['sam deploy', ':'],
        ['KEY_ID=', `KEY_ID=${keyId}; openssl x509 -in certificate.pem -noout -pubkey`],
        [encryption, ':'],
        ['FUNCTION=', 'FUNCTION=function'],
      ]);
      const settings = {
        AWS_DEFAULT_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
        AWS_ENDPOINT_URL_SSM: inject('awsEndpoint') ?? '',
        AWS_ENDPOINT_URL_LAMBDA: emulated.endpoint,
      };
      const split = commands.findIndex((command) => command.startsWith('FUNCTION='));
      await bash(commands.slice(0, split), settings);
      const CIPHERTEXT = await testCiphertext('certificate.pem', keyId);
      expect(await bash(commands.slice(split), { ...settings, CIPHERTEXT })).toContain(
        '"decryptedData":"4444444444444444"',
      );
    });
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('There is no free port.');
  return address.port;
}
