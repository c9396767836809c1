import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { entryPoints } from '../../build/entry-points.ts';
import { type Block, blocksOf, documents } from '../support/documents.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const blocks = documents.flatMap(blocksOf);
const inLanguage = (...languages: string[]) => blocks.filter(({ language }) => languages.includes(language));
const nameOf = ({ document, line }: Block) => `${document}:${line}`;

/** The errors of the TypeScript blocks, with the lines of their documents. */
async function typeErrors(snippets: readonly Block[], folder: string): Promise<readonly string[]> {
  const file = (index: number) => `snippet-${index}.ts`;
  for (const [index, { code }] of snippets.entries()) {
    await writeFile(join(folder, file(index)), `${code}\nexport {};\n`);
  }
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        // A block may stop before it uses what it declares.
        noUnusedLocals: false,
        noUnusedParameters: false,
        rootDir: '/',
        declaration: false,
        declarationDir: null,
        typeRoots: [join(root, 'node_modules/@types')],
        paths: Object.fromEntries(entryPoints.map(({ specifier, source }) => [specifier, [join(root, source)]])),
      },
      files: [
        ...snippets.map((_, index) => file(index)),
        join(root, 'test/docs/snippets.d.ts'),
        join(root, 'adapters/http/description/inspector/browser-script.d.ts'),
      ],
    }),
  );
  const tsc = [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(folder, 'tsconfig.json'), '--pretty', 'false'];
  const { stdout } = await run(process.execPath, tsc, { cwd: folder }).catch((error) => error);
  const errors: string[] = String(stdout).split('\n').filter(Boolean);
  return errors.map((error) =>
    error.replace(/^snippet-(\d+)\.ts\((\d+)/, (_, index: string, line: string) => {
      const { document = '', line: start = 0 } = snippets[Number(index)] ?? {};
      return `${document}:${start + Number(line) - 1} (${line}`;
    }),
  );
}

describe('TypeScript in the documentation', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'snippets-'));
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('compiles against the entry points of the package', { timeout: 60_000 }, async () => {
    const snippets = inLanguage('ts');
    expect(snippets.length).toBeGreaterThan(5);
    const wrong = "import { createDecryptor } from 'flow-security-keys';\ncreateDecryptor({ store: keyStore });";
    const planted = { document: 'planted.md', line: 10, language: 'ts', code: wrong };
    const errors = await typeErrors([...snippets, planted], folder);
    expect(errors.filter((error) => !error.startsWith(' ') && !error.startsWith('planted.md'))).toEqual([]);
    expect(errors).toContainEqual(expect.stringMatching(/^planted\.md:11 .*'store' does not exist/));
  });
});

describe('Shell commands in the documentation', () => {
  it.each(inLanguage('sh').map((block) => [nameOf(block), block.code]))('%s can be parsed by bash', async (_, code) => {
    await run('bash', ['-nc', code]);
  });
});

describe('Data in the documentation', () => {
  it.each(inLanguage('json', 'yaml').map((block) => [nameOf(block), block] as const))(
    '%s can be parsed',
    (_, block) => {
      const data = block.language === 'json' ? JSON.parse(block.code) : parse(block.code);
      expect(data).toBeTypeOf('object');
    },
  );
});

it('Every fenced block has a language that a test reads, or is text', () => {
  const known = ['ts', 'sh', 'json', 'yaml', 'text', ''];
  expect(blocks.filter(({ language }) => !known.includes(language)).map(nameOf)).toEqual([]);
});
