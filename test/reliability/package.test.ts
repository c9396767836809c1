import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeKeyDirectory } from '../../demo/key-directory.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { privateKeyOf, recordingNamed } from '../recordings/recordings.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const card = recordingNamed('java rsa2048-card-number');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'consumer-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('The package as it is published', { timeout: 120_000 }, () => {
  it('is installed, type-checked and used by a program of its own', async () => {
    const { stdout: packed } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
      cwd: root,
    });
    const [tarball] = Object.values<{ filename: string }>(JSON.parse(packed));
    const { devDependencies, peerDependencies } = packageJson;
    const versionOf = (name: string) => [name, Object.entries(devDependencies).find(([key]) => key === name)?.[1]];
    const chosen = [...Object.keys(peerDependencies), '@types/node', 'typescript'];
    await writeJson('package.json', {
      type: 'module',
      dependencies: {
        'flow-security-keys': `file:${tarball?.filename}`,
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

  it.each(['nodenext', 'bundler'])(
    'compiles without the DOM library, and with its declarations checked: %s',
    async (mode) => {
      const names = Object.keys(packageJson.exports).map((path) => path.replace('.', 'flow-security-keys'));
      const exported = names.map((name, index) => `export * as entry${index} from '${name}';`);
      await writeFile(join(folder, 'every.ts'), exported.join('\n'));
      await writeJson(`tsconfig.${mode}.json`, {
        compilerOptions: {
          module: mode === 'nodenext' ? 'nodenext' : 'esnext',
          moduleResolution: mode,
          target: 'es2023',
          lib: ['ES2023'],
          types: ['node'],
          strict: true,
          exactOptionalPropertyTypes: true,
          skipLibCheck: false,
          noEmit: true,
        },
        files: ['every.ts'],
      });
      const { stdout } = await compile(`tsconfig.${mode}.json`);
      expect(stdout).toBe('');
    },
  );

  it('brings no dependency that its user did not choose', async () => {
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
