import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { expect, it } from 'vitest';
import { entryPoints } from '../../build/entry-points.ts';

/** The most that an entry point may add to a bundled and minified program, in kB after gzip. */
const bounds: Readonly<Record<string, number>> = {
  'flow-security-keys': 56,
  'flow-security-keys/flow': 30,
  'flow-security-keys/lambda': 57,
  'flow-security-keys/lambda/observer': 47,
  'flow-security-keys/hono': 98,
  'flow-security-keys/client': 2.5,
  'flow-security-keys/node': 98,
  'flow-security-keys/stores/ssm': 2,
  'flow-security-keys/stores/secrets-manager': 2,
  'flow-security-keys/stores/directory': 7,
  'flow-security-keys/stores/bindings': 1,
  'flow-security-keys/stores/first-of': 0.5,
};

it.for(entryPoints.map((entryPoint) => [entryPoint.specifier, entryPoint] as const))(
  '%s is within its size limit',
  async ([specifier, { bundle }], { annotate }) => {
    const { outputFiles } = await build({
      entryPoints: [`dist/package/${bundle}.js`],
      bundle: true,
      minify: true,
      format: 'esm',
      platform: 'browser',
      // Peers that users install themselves, and modules that are loaded on demand.
      external: ['@aws-sdk/client-*', '@hono/node-server', 'hono', 'prom-client', 'node:*'],
      logOverride: { 'ignored-bare-import': 'silent' },
      write: false,
    });
    const bytes = outputFiles.flatMap(({ contents }) => Array.from(contents));
    const zipped = gzipSync(Uint8Array.from(bytes)).length / 1_000;
    await annotate(`${(bytes.length / 1_000).toFixed(1)} kB, ${zipped.toFixed(1)} kB after gzip`);
    expect(zipped).toBeLessThanOrEqual(bounds[specifier] ?? 0);
  },
);
