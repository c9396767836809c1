import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { recordingNamed, testKeys } from '../recordings/recordings.ts';
import { hasPython, python } from '../support/python.ts';
import { root } from './stack.ts';

const run = promisify(execFile);
const card = recordingNamed('java rsa2048-card-number');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'supply-'));
});
afterAll(() => rm(folder, { recursive: true }));

const read = (name: string) => readFile(join(root, name), 'utf8');
const bundled = async (): Promise<readonly string[]> => JSON.parse(await read('dist/bundled-packages.json'));

describe('The published package', { timeout: 120_000 }, () => {
  it('installs nothing, runs no script, and works without other packages', async () => {
    await cp(join(root, 'package.json'), join(folder, 'package.json'));
    await cp(join(root, 'package-lock.json'), join(folder, 'package-lock.json'));
    await run('npm', ['ci', '--ignore-scripts', '--omit=dev', '--omit=peer', '--no-audit', '--no-fund'], {
      cwd: folder,
    });
    expect(await readdir(folder)).not.toContain('node_modules');
    for (const script of ['preinstall', 'install', 'postinstall', 'prepare']) {
      expect(packageJson.scripts).not.toHaveProperty(script);
    }
    await cp(join(root, 'dist/cli'), folder, { recursive: true });
    const { stdout } = await run(process.execPath, ['flow-keys.js', 'inspect', '--json', card.ciphertext], {
      cwd: folder,
      env: {},
    });
    expect(JSON.parse(stdout)).toMatchObject({ signature: 'valid' });
  });

  it('contains only these files, everything in `exports` and `bin`, and no test key', async () => {
    const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root });
    const [{ files } = { files: [] }] = Object.values<{ files: readonly { path: string }[] }>(JSON.parse(stdout));
    const paths = files.map(({ path }) => path).filter((path) => !path.startsWith('dist/types/'));
    const expected =
      /^(LICENSE|README\.md|package\.json|dist\/(cli|lambda|package)\/([\w./-]+\.m?js(\.LEGAL\.txt)?|THIRD-PARTY-NOTICES\.txt))$/;
    expect(paths.filter((path) => !expected.test(path))).toEqual([]);
    for (const target of Object.values(packageJson.exports)) {
      expect(paths).toContain((typeof target === 'string' ? target : target.default).slice(2));
    }
    for (const target of Object.values(packageJson.bin)) expect(paths).toContain(target);
    for (const path of paths) {
      const content = await read(path);
      for (const { privateKeyPkcs8 } of testKeys) expect(content).not.toContain(privateKeyPkcs8.slice(64, 128));
    }
  });

  it.each(['package', 'cli'])('names the licence of each package that is in dist/%s', async (name) => {
    const notice = await read(`dist/${name}/THIRD-PARTY-NOTICES.txt`);
    const files = await readdir(join(root, 'dist', name), { recursive: true });
    const code = await Promise.all(
      files.filter((file) => file.endsWith('.js')).map((file) => read(`dist/${name}/${file}`)),
    );
    // esbuild writes the path of each module above it.
    const modules = code.flatMap((text) =>
      Array.from(text.matchAll(/^\/\/ (?:[^()\n]*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//gm)),
    );
    const packages = new Set(modules.map(([, found = '']) => found));
    expect(packages.size).toBeGreaterThan(10);
    for (const found of packages) expect(notice).toMatch(new RegExp(`^${found} [\\d.]+ \\([\\w.-]+\\)$`, 'm'));
  });

  it('contains only licences that demand their text alone, with the text of each', async () => {
    for (const name of ['package', 'cli', 'lambda', 'worker']) {
      const notice = await read(`dist/${name}/THIRD-PARTY-NOTICES.txt`);
      const titles = Array.from(notice.matchAll(/^(@?[\w./-]+) (\d[\w.-]+) \(([^)]+)\)$/gm));
      const licences = new Set(titles.map(([, , , licence = '']) => licence));
      expect(['Apache-2.0', 'MIT', 'MIT-0', 'ISC', 'BSD-3-Clause', '0BSD']).toEqual(
        expect.arrayContaining(Array.from(licences)),
      );
      for (const section of notice.split('-'.repeat(80)).slice(1)) {
        expect(section).toMatch(
          /Permission is hereby granted|Apache License|Permission to use, copy|Redistribution and use/,
        );
      }
      const known = await bundled();
      for (const [, title, version] of titles) expect(known).toContain(`${title}@${version}`);
    }
  });

  it.skipIf(!hasPython())('has a valid CycloneDX bill of materials with each bundled package', async () => {
    const { stdout } = await run(process.execPath, ['build/sbom.ts'], { cwd: root, maxBuffer: 2 ** 26 });
    const bom = JSON.parse(stdout);
    expect(bom.components.map((component: { 'bom-ref': string }) => component['bom-ref']).sort()).toEqual(
      await bundled(),
    );
    expect(bom.metadata.component).toMatchObject({ name: 'flow-security-keys', version: packageJson.version });
    const validation = run(python, ['-c', validate]);
    validation.child.stdin?.end(stdout);
    expect((await validation).stdout.trim()).toBe('None');
  });
});

describe('The release', () => {
  it('builds without permissions, and publishes from a job that installs and builds nothing', async () => {
    const workflow = await read('.github/workflows/release.yml');
    const [, build = '', publish = ''] = workflow.split(/^ {2}(?:build|publish):$/m);
    expect(build).toMatch(/npm ci[\s\S]*npm pack/);
    expect(build).not.toMatch(/write|GITHUB_TOKEN|github\.token|environment:/);
    expect(publish).toMatch(/id-token: write/);
    expect(publish).not.toMatch(/actions\/checkout|npm (ci|install|run)/);
    expect(publish).toMatch(/npm publish \S+\.tgz --ignore-scripts --provenance/);
    for (const [, reference] of workflow.matchAll(/uses: \S+@(\S+)/g)) expect(reference).toMatch(/^[0-9a-f]{40}$/);
  });
});

// Prints the first error, or None.
const validate = `
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
print(JsonStrictValidator(SchemaVersion.V1_5).validate_str(sys.stdin.read()))`;
