import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { writeKeyDirectory } from '../../demo/key-directory.ts';
import { stopProcess } from '../../demo/local-service.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { privateKeyOf, recordingNamed } from '../recordings/recordings.ts';
import { packInto } from '../support/pack.ts';
import { sha256Hex } from '../support/sha256.ts';
import { hasRuntimes, installed } from './runtimes.ts';

const run = promisify(execFile);
const card = recordingNamed('java rsa2048-card-number');
const examples = fileURLToPath(new URL('../../examples', import.meta.url));
const token = 'examples-token';
const bun = installed('.bin/bun');
const deno = installed('.bin/deno');
const typesOfBun = '--types bun --module esnext --moduleResolution bundler --strict --skipLibCheck --noEmit'.split(' ');

describe.skipIf(!hasRuntimes())('The example decrypts', { timeout: 120_000 }, () => {
  let folder: string;
  let keys: string;
  let server: ChildProcessByStdio<null, Readable, null>;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'examples-'));
    for (const name of ['bun', 'deno']) await cp(join(examples, name), join(folder, name), { recursive: true });
    // The package that was packed, where a user's program takes the published one.
    const configuration = JSON.parse(await readFile(join(folder, 'deno/deno.json'), 'utf8'));
    await writeFile(join(folder, 'deno/deno.json'), JSON.stringify({ ...configuration, nodeModulesDir: 'manual' }));
    keys = await writeKeyDirectory([[card.keyId, privateKeyOf(card)]]);
    const { hono, typescript, '@types/node': types } = packageJson.devDependencies;
    const dependencies = {
      ...{ hono, typescript, '@types/node': types, '@types/bun': '1.4.5' },
      'flow-security-keys': `file:${await packInto(folder)}`,
    };
    await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module', dependencies }));
    await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline'], { cwd: folder });
  }, 120_000);
  afterAll(async () => {
    await rm(folder, { recursive: true });
    await rm(keys, { recursive: true });
  });

  afterEach(() => stopProcess(server));

  it.for([
    ['bun', [bun, 'server.ts'], ['node', '../node_modules/typescript/bin/tsc', ...typesOfBun, 'server.ts']],
    ['deno', [deno, 'task', 'start'], [deno, 'check', 'server.ts']],
  ] as const)('on %s, and its types fit', async ([name, [command, ...args], [checker, ...options]]) => {
    const cwd = join(folder, name);
    const { stdout: complaints } = await run(checker, options, { cwd });
    expect(complaints).toBe('');

    const environment = { KEYS: keys, PORT: '0', BEARER_TOKEN_HASHES: sha256Hex(token) };
    const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment };
    server = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] });
    let written = '';
    server.stdout.on('data', (chunk) => {
      written += chunk;
    });
    await Promise.race([once(server.stdout, 'data'), once(server, 'close')]);
    const { port } = JSON.parse(written);
    const decrypt = async (bearer: string) => {
      const response = await fetch(`http://127.0.0.1:${port}/v1/decrypt`, {
        method: 'POST',
        headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
        body: JSON.stringify({ ciphertext: card.ciphertext }),
      });
      return response.json();
    };
    expect(await decrypt(token)).toMatchObject({ plaintext: card.plaintext });
    expect(await decrypt('wrong')).toMatchObject({ code: 'unauthorized' });
    for (const secret of [card.plaintext, card.ciphertext, token]) expect(written).not.toContain(secret);
  });
});
