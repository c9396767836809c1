import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin as EsbuildPlugin } from 'esbuild';
import type { Plugin as VitePlugin } from 'vite';

/** A module of this repository that replaces one of a package. */
interface StandIn {
  /** A package, or a file in a package without its extension. */
  readonly replaces: string;
  /** The name of the module in `src/aws-crypto/stand-ins`. */
  readonly module: string;
  readonly reason: string;
  /** What would make the stand-in unnecessary. */
  readonly until: string;
}

/** All stand-ins. The bundler and the tests use this list. */
export const standIns: readonly StandIn[] = [
  {
    replaces: '@aws-crypto/web-crypto-backend',
    module: 'web-crypto-backend',
    reason:
      'The original probes the runtime while it loads, when workerd forbids random values, and needs `window`, which Node does not have. Every supported runtime has all of SubtleCrypto.',
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
      'The original refuses the 192-bit suites because Chrome has no 192-bit AES. Node and workerd have it, and two test vectors of AWS for each of the suites 0046, 0146 and 0346 need it.',
    until: 'The package lets the runtime decide whether it supports the key length.',
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
      "While it loads, `@aws-crypto/material-management` uses asn1.js to define how to write signing keys as PEM for Node's crypto module. Web Crypto does not need that.",
    until: '`@aws-crypto/material-management` defines it only when it is used.',
  },
  {
    replaces: '@aws-crypto/material-management/build/module/src/ecc_decode',
    module: 'ecc-decode',
    reason:
      'While it loads, the original sets up two curves with bn.js to decompress verification keys. Here the runtime or src/message/verification-key.ts decompresses them.',
    until: 'The package imports compressed points with Web Crypto.',
  },
  {
    replaces: 'bn.js',
    module: 'bn',
    reason:
      'The only remaining uses are eight-byte lengths and one parity, but bn.js is a tenth of the bundle and of the load time of the Lambda function.',
    until: 'The packages use BigInt.',
  },
];

const root = fileURLToPath(new URL('..', import.meta.url));

/** The stand-in for what `importer` imports, if there is one. */
function standInFor(specifier: string, importer: string | undefined): string | undefined {
  const [, folder] = dirname(importer ?? '').match(/\/node_modules\/(@aws-crypto\/.*)$/) ?? [];
  const imported = specifier.startsWith('.') && folder !== undefined ? join(folder, specifier) : specifier;
  const standIn = standIns.find(({ replaces }) => replaces === imported);
  return standIn && join(root, `src/aws-crypto/stand-ins/${standIn.module}.ts`);
}

/** For the bundler. Its `alias` option would also match paths inside the packages. */
export const standInsForEsbuild: EsbuildPlugin = {
  name: 'stand-ins',
  setup({ onResolve }) {
    onResolve({ filter: /^(@aws-crypto\/|(asn1|bn)\.js$|\.\/(ecdsa_signature|ecc_decode)$)/ }, ({ path, importer }) => {
      const file = standInFor(path, importer);
      return file === undefined ? undefined : { path: file };
    });
  },
};

/** For tests, which run on the sources. */
export const standInsForVite: VitePlugin = {
  name: 'stand-ins',
  enforce: 'pre',
  resolveId(specifier, importer) {
    const file = standInFor(specifier, importer);
    if (file !== undefined) return file;
    // The ES modules, like in the bundles. Node would load the CommonJS ones, which plugins do not see.
    const [, name] = specifier.match(/^(@aws-crypto\/[a-z-]+)(?<!-node)$/) ?? [];
    return name === undefined ? undefined : join(root, `node_modules/${name}/build/module/src/index.js`);
  },
  // Their source maps name unpublished sources, and Vite would warn about each.
  load: (id) =>
    id.includes('/node_modules/@aws-crypto/')
      ? readFile(id, 'utf8').then((code) => code.replace(/\/\/# sourceMappingURL=.*$/, ''))
      : undefined,
};
