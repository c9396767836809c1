import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { consumerBinding, privateKeyBinding } from './adapters/stores/names.ts';
import { browserScriptsForVite } from './build/browser-script.ts';
import { entryPoints } from './build/entry-points.ts';
import { standInsForVite } from './build/stand-ins.ts';
import { withoutBrokenConnections } from './test/support/broken-connections.ts';
import { closingLine } from './test/support/closing-line.ts';
import { consumerDocuments } from './test/support/consumer-documents.ts';
import { sha256Hex } from './test/support/sha256.ts';
import { allowedConsumers, bearerToken, storedKeys } from './test/support/stored.ts';

// Tests named `*.worker.test.ts` run inside workerd, beside the built Worker; all others on Node.
const bindings = {
  BEARER_TOKEN_HASHES: `${sha256Hex(bearerToken)}:consumers=*`,
  CONSUMERS: allowedConsumers,
  ...Object.fromEntries(Array.from(storedKeys(), ([keyId, stored]) => [privateKeyBinding(keyId), stored])),
  ...Object.fromEntries(Array.from(consumerDocuments(), ([name, document]) => [consumerBinding(name), document])),
};

const workerdTests = 'test/**/*.worker.test.ts';
const reliability = 'test/reliability/**';
const deployment = 'test/deployment/**';
const bundles = 'test/bundles/**';
const attack = 'test/attack/**';
const runtimes = 'test/runtimes/**';
const ecosystems = 'test/ecosystems/**';
const site = 'test/site/**';
// What these test is never bundled here, and does not belong to the core, whose coverage is measured.
const sourcesOnly = ['test/cli/**', 'test/docs/**'];

function onNode(name: string, include: string[], exclude: string[] = []): TestProjectInlineConfiguration {
  return {
    extends: true,
    test: { name, include, exclude: ['test/**/worker.test.ts', workerdTests, ...exclude] },
  };
}

function onWorkerd(name: string, include: string[], exclude: string[] = []): TestProjectInlineConfiguration {
  return {
    extends: true,
    plugins: [
      cloudflareTest({
        main: worker,
        wrangler: { configPath: './wrangler.toml' },
        miniflare: { bindings, kvNamespaces: ['TEST_KEYS'] },
      }),
    ],
    test: { name, include, exclude },
  };
}

// The tests run on the sources; with TEST_BUNDLES=true, on what is published and deployed.
const onBundles = process.env['TEST_BUNDLES'] === 'true';
const isSecondRun = onBundles || process.argv.includes('--coverage');
const file = (source: string, bundle: string) =>
  new URL(onBundles ? `./dist/${bundle}` : `./${source}`, import.meta.url).pathname;
const lambda = file('adapters/lambda/index.ts', 'lambda/index.mjs');
const worker = file('adapters/worker/worker.ts', 'worker/index.js');
const alias = [
  ...entryPoints.map(({ specifier, source, bundle }) => ({
    find: new RegExp(`^${specifier}$`),
    replacement: file(source, `package/${bundle}.js`),
  })),
  { find: 'deployed/lambda', replacement: lambda },
  { find: 'deployed/worker', replacement: worker },
];

export default defineConfig({
  plugins: [standInsForVite, browserScriptsForVite],
  resolve: { alias },
  test: {
    // The slow suites say with each test what they measured.
    reporters: [onBundles ? 'verbose' : 'default', withoutBrokenConnections, closingLine],
    coverage: {
      include: ['src/**'],
      reporter: ['text-summary', 'html'],
      reportsDirectory: 'dist/coverage',
      thresholds: { statements: 97, branches: 91, functions: 97, lines: 98 },
    },
    globalSetup: ['test/support/global-setup.ts'],
    silent: 'passed-only',
    // Through the plugins, which see no module that Node loads by itself.
    server: { deps: { inline: [/@aws-crypto\/(?![a-z-]+-node\/)/] } },
    testTimeout: 30_000,
    // What starts a runtime or a deployment takes ten seconds on a machine that has others to serve, too.
    hookTimeout: 60_000,
    projects: [
      onNode(
        'node',
        ['test/**/*.test.ts'],
        [reliability, deployment, bundles, attack, runtimes, ecosystems, site, ...(isSecondRun ? sourcesOnly : [])],
      ),
      onWorkerd('workerd', ['test/**/worker.test.ts', workerdTests], [reliability]),
      // What starts what was built: `npm run test:bundles`.
      onNode('bundles', ['test/bundles/*.test.ts']),
      // Hostile messages and callers: `npm run attack`.
      onNode('attack', ['test/attack/*.test.ts']),
      // The suite on every runtime: `npm run test:runtimes`.
      onNode('runtimes', ['test/runtimes/*.test.ts']),
      // The package as each package manager and bundler takes it: `npm run test:ecosystems`.
      onNode('ecosystems', ['test/ecosystems/*.test.ts']),
      // The documentation as a site: `npm run test:site`.
      onNode('site', ['test/site/*.test.ts']),
      // What operators deploy, with their tools: `npm run test:deployment`.
      onNode('deployment', ['test/deployment/*.test.ts']),
      // Minutes of rotations, outages and load: `npm run test:reliability`.
      onNode('reliability', ['test/reliability/*.test.ts']),
      onWorkerd('reliability-workerd', ['test/reliability/*.worker.test.ts']),
    ],
  },
});
