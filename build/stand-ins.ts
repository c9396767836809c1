import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin as EsbuildPlugin } from 'esbuild';
import type { Plugin as VitePlugin } from 'vite';

/** A module of ours in the place of one of a package. */
interface StandIn {
  /** What is replaced: a package, or a file in one, without its extension. */
  readonly replaces: string;
  /** The module's name in `src/aws-crypto/stand-ins`. */
  readonly module: string;
  readonly reason: string;
  /** What would make it unnecessary. */
  readonly until: string;
}

/** The one list of stand-ins, for the bundler and for the tests. */
export const standIns: readonly StandIn[] = [
  {
    replaces: '@aws-crypto/web-crypto-backend',
    module: 'web-crypto-backend',
    reason:
      'The original probes the runtime while it loads: workerd forbids random values at that time, and Node has no `window`. Every runtime supported here has the whole of SubtleCrypto.',
    until: 'The package returns `globalThis.crypto` where that exists, without a probe.',
  },
  {
    replaces: '@aws-crypto/random-source-browser',
    module: 'random-source-browser',
    reason: 'The original looks for `window` or `self`, which Node does not have.',
    until: 'The package reads `globalThis.crypto`.',
  },
  {
    replaces: '@aws-crypto/material-management-browser',
    module: 'material-management-browser',
    reason:
      "The original refuses the 192-bit suites, as Chrome's Web Crypto has no 192-bit AES. Node and workerd have it. AWS's own test vectors of suites 0046, 0146 and 0346, two each, need it.",
    until: 'The package leaves it to the runtime whether it has the key length.',
  },
  {
    replaces: '@aws-crypto/serialize/build/module/src/ecdsa_signature',
    module: 'ecdsa-signature',
    reason:
      "The original writes and reads DER signatures with asn1.js, which accepts altered signatures, needs Node's Buffer and, with its dependencies, is a third of the bundle.",
    until: 'The package reads and writes DER strictly, without asn1.js.',
  },
  {
    replaces: 'asn1.js',
    module: 'asn1',
    reason:
      "`@aws-crypto/material-management` defines with it, while it loads, how signing keys are written as PEM for Node's own crypto module. Web Crypto never asks for that.",
    until: '`@aws-crypto/material-management` defines it when it is asked for.',
  },
  {
    replaces: '@aws-crypto/material-management/build/module/src/ecc_decode',
    module: 'ecc-decode',
    reason:
      'The original sets up two curves with bn.js while it loads, to decompress verification keys in JavaScript. Here the runtime decompresses them, or src/message/verification-key.ts.',
    until: 'The package imports compressed points with Web Crypto.',
  },
  {
    replaces: 'bn.js',
    module: 'bn',
    reason:
      'What is left of its use are lengths in eight bytes and one parity: bn.js is a tenth of the bundle and of the time that the Lambda function takes to load.',
    until: 'The packages use BigInt.',
  },
];

const root = fileURLToPath(new URL('..', import.meta.url));

/** The file of ours that stands in for what `importer` imports, if there is one. */
function standInFor(specifier: string, importer: string | undefined): string | undefined {
  const [, folder] = dirname(importer ?? '').match(/\/node_modules\/(@aws-crypto\/.*)$/) ?? [];
  const imported = specifier.startsWith('.') && folder !== undefined ? join(folder, specifier) : specifier;
  const standIn = standIns.find(({ replaces }) => replaces === imported);
  return standIn && join(root, `src/aws-crypto/stand-ins/${standIn.module}.ts`);
}

/** For the bundler, whose `alias` option would also catch paths inside the packages. */
export const standInsForEsbuild: EsbuildPlugin = {
  name: 'stand-ins',
  setup({ onResolve }) {
    onResolve({ filter: /^(@aws-crypto\/|(asn1|bn)\.js$|\.\/(ecdsa_signature|ecc_decode)$)/ }, ({ path, importer }) => {
      const file = standInFor(path, importer);
      return file === undefined ? undefined : { path: file };
    });
  },
};

/** For the tests, which run on the sources. */
export const standInsForVite: VitePlugin = {
  name: 'stand-ins',
  enforce: 'pre',
  resolveId(specifier, importer) {
    const file = standInFor(specifier, importer);
    if (file !== undefined) return file;
    // The ES modules, as the bundles hold them: Node would load the CommonJS ones, which no plugin sees.
    const [, name] = specifier.match(/^(@aws-crypto\/[a-z-]+)(?<!-node)$/) ?? [];
    return name === undefined ? undefined : join(root, `node_modules/${name}/build/module/src/index.js`);
  },
  // Their source maps name sources that are not published, of which Vite would warn.
  load: (id) =>
    id.includes('/node_modules/@aws-crypto/')
      ? readFile(id, 'utf8').then((code) => code.replace(/\/\/# sourceMappingURL=.*$/, ''))
      : undefined,
};
