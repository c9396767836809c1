import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';
import { bindingName } from './adapters/key-stores/bindings.ts';
import { closingLine } from './test/support/closing-line.ts';
import { bearerToken, storedKeys } from './test/support/global-setup.ts';
import { sha256Hex } from './test/support/sha256.ts';

// Tests named `*.worker.test.ts` run inside workerd, beside the built Worker; all others on Node.
const bindings = {
  BEARER_TOKEN_HASHES: sha256Hex(bearerToken),
  ...Object.fromEntries(Array.from(storedKeys(), ([keyId, stored]) => [bindingName(keyId), stored])),
};

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
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/worker.test.ts', 'test/**/*.worker.test.ts'],
        },
      },
      {
        extends: true,
        plugins: [
          cloudflareTest({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: { bindings, kvNamespaces: ['TEST_KEYS'] },
          }),
        ],
        test: { name: 'workerd', include: ['test/**/worker.test.ts', 'test/**/*.worker.test.ts'] },
      },
    ],
  },
});
