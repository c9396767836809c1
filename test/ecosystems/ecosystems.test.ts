import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { privateKeyOf, recordingNamed } from '../recordings/recordings.ts';
import { hasRuntimes, installed as runtime } from '../runtimes/runtimes.ts';
import { packInto } from '../support/pack.ts';
import { type Registry, startRegistry } from './registry.ts';

const run = promisify(execFile);
const card = recordingNamed('java rsa2048-card-number');
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const tool = (name: string) => here(`tools/node_modules/${name}`);
const node = process.execPath;

function hasTools(): boolean {
  if (existsSync(tool('webpack-cli')) && hasRuntimes()) return true;
  if (process.env['CI'] === 'true') throw new Error('CI needs test/ecosystems/tools/install.sh.');
  console.warn('Skipped: the package managers and bundlers; run test/ecosystems/tools/install.sh.');
  return false;
}

describe.skipIf(!hasTools())('An application decrypts a recording', { timeout: 120_000 }, () => {
  let folder: string;
  let tarball: string;
  let registry: Registry;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ecosystems-'));
    tarball = join(folder, await packInto(folder));
    registry = await startRegistry(tarball);
  });
  afterAll(async () => {
    await registry.stop();
    await rm(folder, { recursive: true });
  });

  /** An application that depends on the package, with nothing installed. */
  async function application(name: string, version = `file:${tarball}`): Promise<string> {
    const cwd = join(folder, name);
    await mkdir(cwd);
    await cp(here('application.js'), join(cwd, 'application.js'));
    const { ciphertext } = card;
    const recording = Object.entries({ ciphertext, privateKey: privateKeyOf(card) });
    const lines = recording.map(([constant, value]) => `export const ${constant} = ${JSON.stringify(value)};\n`);
    await writeFile(join(cwd, 'recording.js'), lines.join(''));
    const dependencies = { 'flow-security-keys': version };
    await writeFile(join(cwd, 'package.json'), JSON.stringify({ name, private: true, type: 'module', dependencies }));
    return cwd;
  }

  /** Runs a command with a home of its own, so that it finds nothing in a cache. */
  function runIn(cwd: string, [command = '', ...args]: readonly string[]) {
    const env = { PATH: process.env['PATH'], HOME: folder, NPM_CONFIG_REGISTRY: registry.url, NO_COLOR: '1' };
    return run(command, args, { cwd, env });
  }

  const [yarn1, yarn4] = ['yarn', '@yarnpkg/cli-dist'].map((name) => [node, tool(`${name}/bin/yarn.js`)]);
  const [bun, deno] = [runtime('.bin/bun'), runtime('.bin/deno')];
  const runs = [node, 'application.js'];
  it.for([
    { manager: 'npm', install: ['npm', 'install', '--no-audit', '--no-fund'], start: runs },
    { manager: 'pnpm', install: [tool('.bin/pnpm'), 'install'], start: runs },
    { manager: 'Yarn 1', install: [...(yarn1 ?? []), 'install'], start: runs },
    // Without node_modules: Yarn's Plug'n'Play.
    { manager: 'Yarn 4', install: [...(yarn4 ?? []), 'install'], start: [...(yarn4 ?? []), 'node', 'application.js'] },
    { manager: 'Bun', install: [bun, 'install'], start: [bun, 'application.js'] },
    {
      manager: 'Deno',
      version: packageJson.version,
      install: [deno, 'install'],
      start: [deno, 'run', 'application.js'],
    },
  ])('that $manager installed', async ({ manager, version, install, start }) => {
    const cwd = await application(manager.replace(' ', '-').toLowerCase(), version);
    // Yarn 4 takes a folder without a lock file for a part of the project around it.
    if (manager === 'Yarn 4') await writeFile(join(cwd, 'yarn.lock'), '');
    await runIn(cwd, install);
    const { stdout } = await runIn(cwd, start);
    expect(stdout).toBe(`${card.plaintext} function\n`);
  });

  describe('bundled', () => {
    let cwd: string;
    beforeAll(async () => {
      cwd = await application('bundled');
      await runIn(cwd, ['npm', 'install', '--no-audit', '--no-fund']);
    });

    it.for([
      {
        bundler: 'esbuild',
        file: 'esbuild.js',
        command: [here('../../node_modules/.bin/esbuild'), 'application.js', '--bundle', '--minify', '--format=esm'],
        options: ['--outfile=esbuild.js'],
      },
      {
        bundler: 'Vite',
        file: 'vite/application.js',
        command: [tool('.bin/vite'), 'build', '--config', 'vite.config.js'],
        configuration: {
          build: {
            lib: { entry: 'application.js', formats: ['es'], fileName: 'application' },
            target: 'es2023',
            outDir: 'vite',
          },
        },
      },
      {
        bundler: 'webpack',
        file: 'webpack/main.js',
        command: [tool('.bin/webpack'), '--config', 'webpack.config.js'],
        configuration: {
          mode: 'production',
          entry: './application.js',
          target: 'es2022',
          experiments: { outputModule: true },
          output: { path: '<cwd>/webpack', filename: 'main.js', module: true },
        },
      },
    ])('by $bundler', async ({ bundler, file, command, options = [], configuration }) => {
      if (configuration !== undefined) {
        const text = JSON.stringify(configuration).replace('<cwd>', cwd);
        await writeFile(join(cwd, `${bundler.toLowerCase()}.config.js`), `export default ${text};\n`);
      }
      await runIn(cwd, [...command, ...options]);
      const { stdout } = await runIn(cwd, [node, file]);
      expect(stdout).toBe(`${card.plaintext} function\n`);
    });
  });
});
