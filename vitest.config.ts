import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { bindingName } from './adapters/stores/bindings.ts';
import { consumerBindingName } from './adapters/stores/bindings-consumers.ts';
import { closingLine } from './test/support/closing-line.ts';
import { consumerDocuments } from './test/support/consumer-documents.ts';
import { allowedConsumers, bearerToken, storedKeys } from './test/support/global-setup.ts';
import { sha256Hex } from './test/support/sha256.ts';

// Tests named `*.worker.test.ts` run inside workerd, beside the built Worker; all others on Node.
const bindings = {
  BEARER_TOKEN_HASHES: `${sha256Hex(bearerToken)}:consumers=*`,
  CONSUMERS: allowedConsumers,
  ...Object.fromEntries(Array.from(storedKeys(), ([keyId, stored]) => [bindingName(keyId), stored])),
  ...Object.fromEntries(Array.from(consumerDocuments(), ([name, document]) => [consumerBindingName(name), document])),
};

const workerdTests = 'test/**/*.worker.test.ts';
const reliability = 'test/reliability/**';
const deployment = 'test/deployment/**';

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
        wrangler: { configPath: './wrangler.toml' },
        miniflare: { bindings, kvNamespaces: ['TEST_KEYS'] },
      }),
    ],
    test: { name, include, exclude },
  };
}

const built = (file: string) => new URL(`./dist/package/${file}`, import.meta.url).pathname;

export default defineConfig({
  // The tests use the package as it is published.
  resolve: {
    alias: [
      { find: /^flow-security-keys$/, replacement: built('index.js') },
      { find: /^flow-security-keys\/(.*)$/, replacement: built('$1.js') },
    ],
  },
  test: {
    reporters: ['verbose', closingLine],
    globalSetup: ['test/support/global-setup.ts'],
    silent: 'passed-only',
    testTimeout: 30_000,
    // What starts a runtime or a deployment takes ten seconds on a machine that has others to serve, too.
    hookTimeout: 60_000,
    projects: [
      onNode('node', ['test/**/*.test.ts'], [reliability, deployment]),
      onWorkerd('workerd', ['test/**/worker.test.ts', workerdTests], [reliability]),
      // What operators deploy, with their tools: `npm run test:deployment`.
      onNode('deployment', ['test/deployment/*.test.ts']),
      // Minutes of rotations, outages and load: `npm run test:reliability`.
      onNode('reliability', ['test/reliability/*.test.ts']),
      onWorkerd('reliability-workerd', ['test/reliability/*.worker.test.ts']),
    ],
  },
});
