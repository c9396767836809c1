import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import manifest from '../package.json' with { type: 'json' };
import { browserScriptsForEsbuild } from './browser-script.ts';
import { entryPoints } from './entry-points.ts';
import { bundledFiles, noticeFile, noticeOf, packagesOf } from './licences.ts';
import { standInsForEsbuild } from './stand-ins.ts';

const shared = {
  bundle: true,
  format: 'esm',
  // Without `node:` modules, the bundles run wherever Web APIs exist.
  platform: 'browser',
  target: 'es2023',
  legalComments: 'linked',
  sourcemap: false,
  logLevel: 'warning',
  logOverride: { 'require-resolve-not-external': 'silent' },
} as const satisfies BuildOptions;

const targets: Readonly<Record<string, BuildOptions>> = {
  package: {
    ...shared,
    entryPoints: Object.fromEntries(entryPoints.map(({ bundle, source }) => [bundle, source])),
    outdir: 'dist/package',
    splitting: true,
    // The optional peers. Everything else is bundled, so that users never load two copies of it.
    external: ['@aws-sdk/client-*', '@hono/node-server', 'hono', 'prom-client', 'node:*'],
  },
  lambda: {
    ...shared,
    external: ['node:*'],
    entryPoints: {
      index: 'adapters/lambda/index.ts',
      http: 'adapters/lambda/http.ts',
      certificates: 'adapters/lambda/certificates.ts',
    },
    outdir: 'dist/lambda',
    outExtension: { '.js': '.mjs' },
    splitting: true,
    minify: true,
  },
  worker: {
    ...shared,
    entryPoints: { index: 'adapters/worker/worker.ts', development: 'demo/worker.ts' },
    outdir: 'dist/worker',
    minify: true,
  },
  cli: {
    ...shared,
    platform: 'node',
    mainFields: ['module', 'main'],
    // Bundled CommonJS packages call `require` for Node's modules.
    banner: { js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);" },
    entryPoints: { 'flow-keys': 'cli/bin.ts' },
    define: { 'process.env.FLOW_KEYS_VERSION': JSON.stringify(manifest.version) },
    outdir: 'dist/cli',
    splitting: true,
  },
  // Only for `npm run bench`. It measures the AWS packages as published, except for what keeps them from starting.
  bench: {
    ...shared,
    inject: ['./bench/buffer.ts'],
    alias: {
      '@aws-crypto/web-crypto-backend': './bench/web-crypto-backend.ts',
      'flow-security-keys': './dist/package/index.js',
    },
    entryPoints: { contenders: 'bench/contenders.ts', worker: 'bench/worker.ts' },
    outdir: 'dist/bench',
    splitting: true,
  },
};

// `node build/bundle.ts` empties dist and builds everything; `node build/bundle.ts worker` builds one target.
const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(targets).filter((name) => name !== 'bench');
if (process.argv.length === 2) rmSync('dist', { recursive: true, force: true });

const bundled = new Set<string>();

for (const name of names) {
  const options = targets[name];
  if (options === undefined)
    throw new Error(`Unknown target ${name}; the targets are ${Object.keys(targets).join(', ')}.`);
  const scripts: Metafile[] = [];
  const plugins =
    name === 'bench' ? [] : [standInsForEsbuild, browserScriptsForEsbuild((script) => scripts.push(script))];
  const { metafile } = await build({ ...options, plugins, metafile: true });
  const packages = packagesOf([metafile, ...scripts].flatMap(bundledFiles));
  for (const { name, version } of packages) bundled.add(`${name}@${version}`);
  writeFileSync(join(options.outdir ?? '', noticeFile), noticeOf(packages));
}

// sbom.ts reads this.
if (process.argv.length === 2)
  writeFileSync('dist/bundled-packages.json', JSON.stringify([...bundled].sort(), null, 2));
