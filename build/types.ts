// Writes the type declarations of the package's entry points to dist/types.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { entryPoints } from './entry-points.ts';

const project = 'dist/tsconfig.types.json';
mkdirSync('dist', { recursive: true });
writeFileSync(
  project,
  JSON.stringify({
    extends: '../tsconfig.json',
    compilerOptions: {
      noEmit: false,
      emitDeclarationOnly: true,
      stripInternal: true,
      rewriteRelativeImportExtensions: true,
      rootDir: '..',
    },
    files: ['adapters/http/description/inspector/browser-script.d.ts', ...entryPoints.map(({ source }) => source)].map(
      (file) => `../${file}`,
    ),
  }),
);
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', project], { stdio: 'inherit' });
