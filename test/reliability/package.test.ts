import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { entryPoints } from '../../build/entry-points.ts';
import { writeKeyDirectory } from '../../demo/key-directory.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { privateKeyOf, recordingNamed } from '../recordings/recordings.ts';
import { packInto } from '../support/pack.ts';

const run = promisify(execFile);
const card = recordingNamed('java rsa2048-card-number');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'consumer-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('The published package', { timeout: 120_000 }, () => {
  it('can be installed, type-checked and used by another program', async () => {
    const tarball = await packInto(folder);
    const { devDependencies, peerDependencies } = packageJson;
    const versionOf = (name: string) => [name, Object.entries(devDependencies).find(([key]) => key === name)?.[1]];
    const chosen = [...Object.keys(peerDependencies), '@types/node', 'typescript'];
    await writeJson('package.json', {
      type: 'module',
      dependencies: {
        'flow-security-keys': `file:${tarball}`,
        ...Object.fromEntries(chosen.map(versionOf)),
      },
    });
    await writeJson('tsconfig.json', {
      compilerOptions: {
        module: 'nodenext',
        target: 'es2023',
        strict: true,
        exactOptionalPropertyTypes: true,
        types: ['node'],
        noEmit: true,
      },
      files: ['program.ts'],
    });
    await cp(fileURLToPath(new URL('consumer.ts', import.meta.url)), join(folder, 'program.ts'));
    const keys = await writeKeyDirectory([[card.keyId, privateKeyOf(card)]]);

    await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline'], { cwd: folder });
    await compile('tsconfig.json');
    const { stdout } = await run(process.execPath, ['program.ts', card.ciphertext, keys], { cwd: folder });
    expect(stdout.trim().split('\n')).toEqual([
      `client ${card.plaintext}`,
      'batch ok no_caller_input',
      'client jwe forbidden',
      'relay ECDH-ES+A256KW ok unknown_consumer',
      `middleware ${card.plaintext}`,
      'wrong token unauthorized',
    ]);
    await rm(keys, { recursive: true });
    const { stdout: summary } = await run('npx', ['flow-keys', 'inspect', '--json', card.ciphertext], { cwd: folder });
    expect(JSON.parse(summary)).toMatchObject({ signature: 'valid' });
  });

  // Node's types or the DOM library declare Request and AbortSignal. AWS's clients always need those of Node.
  const neutral = (specifier: string) => !/lambda|\/node$|stores\/(ssm|secrets-manager|directory)/.test(specifier);
  it.each(
    ['nodenext', 'bundler'].flatMap((mode) => [
      { mode, lib: ['ES2023'], types: ['node'], has: () => true },
      { mode, lib: ['ES2023', 'DOM'], types: ['node'], has: () => true },
      { mode, lib: ['ES2023', 'DOM'], types: [], has: neutral },
    ]),
  )(
    'compiles with its declarations checked: $mode, $lib, with the types of $types',
    async ({ mode, has, ...options }) => {
      const exported = entryPoints
        .filter(({ specifier }) => has(specifier))
        .map(({ specifier }, index) => `export * as entry${index} from '${specifier}';`);
      expect(exported.length).toBeGreaterThanOrEqual(6);
      await writeFile(join(folder, 'every.ts'), exported.join('\n'));
      await writeJson('tsconfig.every.json', {
        compilerOptions: {
          ...options,
          module: mode === 'nodenext' ? 'nodenext' : 'esnext',
          moduleResolution: mode,
          target: 'es2023',
          strict: true,
          exactOptionalPropertyTypes: true,
          skipLibCheck: false,
          noEmit: true,
        },
        files: ['every.ts'],
      });
      const { stdout } = await compile('tsconfig.every.json').catch((error) => error);
      expect(stdout).toBe('');
    },
  );

  it('installs no dependency that its user did not choose', async () => {
    const lock = JSON.parse(await readFile(join(folder, 'node_modules/.package-lock.json'), 'utf8'));
    expect(lock.packages['node_modules/flow-security-keys']).not.toHaveProperty('dependencies');
  });
});

function compile(project: string) {
  return run(process.execPath, [join(folder, 'node_modules/typescript/bin/tsc'), '-p', project], { cwd: folder });
}

function writeJson(name: string, content: unknown): Promise<void> {
  return writeFile(join(folder, name), JSON.stringify(content));
}
