import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import manifest from '../package.json' with { type: 'json' };
import { bundledFiles, noticeFile, noticeOf, packagesOf } from './licences.ts';

// Modules that stand in for a package's own, each with its reason at its head. esbuild's `alias` option
// would also catch paths inside the packages.
const standIns: Readonly<Record<string, string>> = {
  '@aws-crypto/web-crypto-backend': './src/aws-crypto/stand-ins/web-crypto-backend.ts',
  '@aws-crypto/material-management-browser': './src/aws-crypto/stand-ins/material-management-browser.ts',
  '@aws-crypto/random-source-browser': './src/aws-crypto/stand-ins/random-source.ts',
  '@aws-crypto/serialize': './src/aws-crypto/stand-ins/serialize.ts',
  'asn1.js': './src/aws-crypto/stand-ins/asn1.ts',
};

const standIn: Plugin = {
  name: 'stand-in',
  setup({ onResolve }) {
    onResolve({ filter: /^(@aws-crypto\/|asn1\.js$)/ }, ({ path }) => {
      const module = standIns[path];
      return module === undefined ? undefined : { path: fileURLToPath(new URL(`../${module}`, import.meta.url)) };
    });
  },
};

const shared = {
  bundle: true,
  format: 'esm',
  // No `node:` modules: the bundles run wherever Web APIs do.
  platform: 'browser',
  target: 'es2023',
  plugins: [standIn],
  legalComments: 'linked',
  sourcemap: false,
  logLevel: 'warning',
  logOverride: { 'require-resolve-not-external': 'silent' },
} as const satisfies BuildOptions;

const inspectorText = 'dist/inspector/inspector.txt';

const targets: Readonly<Record<string, BuildOptions>> = {
  // What runs in the browser; the others hold it as text.
  inspector: {
    ...shared,
    entryPoints: ['adapters/http/description/inspector/inspector.ts'],
    outfile: inspectorText,
    minify: true,
  },
  package: {
    ...shared,
    entryPoints: {
      index: 'src/index.ts',
      lambda: 'adapters/lambda/handler.ts',
      hono: 'adapters/http/index.ts',
      node: 'adapters/node/index.ts',
      client: 'adapters/client/index.ts',
      'consumer-stores/ssm': 'adapters/stores/ssm-consumers.ts',
      'consumer-stores/bindings': 'adapters/stores/bindings-consumers.ts',
      'consumer-stores/directory': 'adapters/stores/directory-consumers.ts',
      'consumer-stores/first-of': 'adapters/stores/first-of-consumers.ts',
      'key-stores/ssm': 'adapters/stores/ssm.ts',
      'key-stores/bindings': 'adapters/stores/bindings.ts',
      'key-stores/directory': 'adapters/stores/directory.ts',
      'key-stores/first-of': 'adapters/stores/first-of.ts',
      'key-stores/secrets-manager': 'adapters/stores/secrets-manager.ts',
    },
    outdir: 'dist/package',
    splitting: true,
    // The optional peers: everything else is inside, so that no consumer meets two copies of it.
    external: ['@aws-sdk/client-*', '@hono/node-server', 'hono', 'prom-client', 'node:*'],
  },
  lambda: {
    ...shared,
    external: ['node:*'],
    entryPoints: { index: 'adapters/lambda/index.ts', certificates: 'adapters/lambda/certificates.ts' },
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
    // For the CommonJS packages inside, which call `require` for Node's own modules.
    banner: { js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);" },
    entryPoints: { 'flow-keys': 'cli/bin.ts' },
    define: { 'process.env.FLOW_KEYS_VERSION': JSON.stringify(manifest.version) },
    outdir: 'dist/cli',
    splitting: true,
  },
  // Only with `npm run bench`: the AWS packages are measured as shipped, but for what keeps them from starting.
  bench: {
    ...shared,
    plugins: [],
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

// `node build/bundle.ts` builds everything from nothing, `node build/bundle.ts worker` one target in place.
const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(targets).filter((name) => name !== 'bench');
if (process.argv.length === 2) rmSync('dist', { recursive: true, force: true });

let inspectorFiles: readonly string[] = [];
const bundled = new Set<string>();

for (const name of new Set(['inspector', ...names])) {
  const options = targets[name];
  if (options === undefined) throw new Error(`No target ${name}; there are ${Object.keys(targets).join(', ')}.`);
  const { metafile } = await build({ ...options, metafile: true });
  const files = bundledFiles(metafile);
  if (name === 'inspector') inspectorFiles = files;
  const packages = packagesOf(files.includes(inspectorText) ? [...files, ...inspectorFiles] : files);
  for (const { name, version } of packages) bundled.add(`${name}@${version}`);
  writeFileSync(join(options.outdir ?? dirname(options.outfile ?? ''), noticeFile), noticeOf(packages));
}

// For the bill of materials: sbom.ts.
if (process.argv.length === 2)
  writeFileSync('dist/bundled-packages.json', JSON.stringify([...bundled].sort(), null, 2));
