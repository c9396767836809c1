// Builds the documentation as static files, into dist/site: npm run docs [-- --base /path/]
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { entryPoints } from '../entry-points.ts';
import { pages, repositoryUrl, sitePath, siteText, titleOf } from './pages.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const source = join(root, 'dist/site-source');
const tools = join(root, 'build/site/tools/node_modules');

function write(path: string, text: string): void {
  mkdirSync(dirname(join(source, path)), { recursive: true });
  writeFileSync(join(source, path), text);
}

function run(tool: string, args: readonly string[]): void {
  execFileSync(process.execPath, [join(tools, tool), ...args], { cwd: root, stdio: 'inherit' });
}

function writePages(): void {
  for (const page of pages) write(sitePath(page), siteText(page));
  const decisions = pages.filter((page) => page.startsWith('docs/decisions/'));
  const list = decisions.map((page) => `- [${titleOf(page)}](./${sitePath(page).replace('decisions/', '')})`);
  write('decisions/index.md', `# Decisions\n\nThe reasons for some choices.\n\n${list.join('\n')}\n`);
  cpSync(join(root, 'docs/images'), join(source, 'images'), { recursive: true });
}

/** The API reference: a page for each entry point of the package. */
function writeReference(): void {
  const modules = entryPoints.map(({ specifier, source: file }) => {
    const path = `entries/${specifier.replace(/^[^/]+\/?/, '') || 'index'}.ts`;
    const from = `${'../'.repeat(path.split('/').length + 1)}${file}`;
    write(path, `/** @module ${specifier} */\nexport * from '${from}';\n`);
    return join(source, path);
  });
  write(
    'entries/tsconfig.json',
    JSON.stringify({
      extends: '../../../tsconfig.json',
      compilerOptions: {
        rootDir: '../../..',
        declaration: false,
        declarationDir: null,
        typeRoots: ['../../../node_modules/@types'],
      },
      files: [...modules, join(root, 'adapters/http/description/inspector/browser-script.d.ts')],
    }),
  );
  write(
    'entries/typedoc.json',
    JSON.stringify({
      entryPoints: modules,
      tsconfig: join(source, 'entries/tsconfig.json'),
      plugin: [join(tools, 'typedoc-plugin-markdown/dist/index.js')],
      out: join(source, 'api'),
      name: 'API reference',
      readme: 'none',
      router: 'module',
      disableGit: true,
      basePath: root,
      sourceLinkTemplate: `${repositoryUrl('package.json').replace('package.json', '')}{path}#L{line}`,
      excludeInternal: true,
      excludePrivate: true,
      validation: { notDocumented: true, notExported: false, invalidLink: true },
      // A warning for each exported symbol without a docstring. Members speak for themselves.
      requiredToBeDocumented: ['Enum', 'Function', 'Class', 'Interface', 'TypeAlias', 'Variable'],
      hidePageHeader: true,
      hideBreadcrumbs: true,
      entryFileName: 'index',
      useCodeBlocks: true,
      sanitizeComments: true,
      parametersFormat: 'table',
      interfacePropertiesFormat: 'table',
      typeDeclarationFormat: 'table',
      tableColumnSettings: { hideSources: true, hideInherited: true, hideModifiers: true },
    }),
  );
  run('typedoc/bin/typedoc', ['--options', join(source, 'entries/typedoc.json')]);
  rmSync(join(source, 'entries'), { recursive: true });
  for (const name of readdirSync(join(source, 'api'), { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.md')) continue;
    const file = join(source, 'api', name);
    // TypeDoc's paths start at the folder of the entries.
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('/main/../../../', '/main/'));
  }
}

rmSync(source, { recursive: true, force: true });
writePages();
writeReference();
write('.vitepress/config.ts', "export { default } from '../../../build/site/vitepress.ts';\n");
write('.vitepress/theme/index.js', "export { default } from '../../../../build/site/theme/index.js';\n");
run('vitepress/bin/vitepress.js', ['build', source, '--outDir', join(root, 'dist/site'), ...process.argv.slice(2)]);
