import manifest from '../package.json' with { type: 'json' };

/** An entry point of the package, derived from package.json's `exports`. */
export interface EntryPoint {
  /** What users import: `flow-security-keys/lambda`. */
  readonly specifier: string;
  /** The path from the root: `adapters/lambda/handler.ts`. */
  readonly source: string;
  /** The name of the bundle in `dist/package`, without `.js`. */
  readonly bundle: string;
}

// `./package.json` is exported for tools. It is not a module.
const { './package.json': _, ...modules } = manifest.exports;

export const entryPoints: readonly EntryPoint[] = Object.entries(modules).map(([path, { types, default: file }]) => ({
  specifier: manifest.name + path.slice(1),
  source: types.replace(/^\.\/dist\/types\/(.*)\.d\.ts$/, '$1.ts'),
  bundle: file.replace(/^\.\/dist\/package\/(.*)\.js$/, '$1'),
}));
