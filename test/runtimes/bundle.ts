import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { entryPoints } from '../../build/entry-points.ts';
import type { SuiteData } from './suite.ts';

const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));

/** Where a runner's bundle is. */
export const bundleOf = (runner: Runner) => path(`dist/runtimes/${runner}.js`);

export type Runner = 'process' | 'workerd' | 'global' | 'web-worker';
const runners: readonly Runner[] = ['process', 'workerd', 'global', 'web-worker'];

/** Bundles the suite with its data and the package as it is published, once for each kind of runner. */
export async function bundleSuite(data: SuiteData): Promise<void> {
  await build({
    bundle: true,
    format: 'esm',
    // No `node:` modules: the same file runs wherever Web APIs do.
    platform: 'browser',
    target: 'es2023',
    logLevel: 'warning',
    // The package's own chunks, which import each other.
    logOverride: { 'ignored-bare-import': 'silent' },
    entryPoints: runners.map((runner) => path(`test/runtimes/runners/${runner}.ts`)),
    outdir: path('dist/runtimes'),
    alias: Object.fromEntries(
      entryPoints
        .map(({ specifier, bundle }) => [specifier, path(`dist/package/${bundle}.js`)] as const)
        // The longest first, as esbuild takes an alias for a prefix.
        .toSorted(([one], [other]) => other.length - one.length),
    ),
    define: { suiteData: JSON.stringify(data) },
  });
}
