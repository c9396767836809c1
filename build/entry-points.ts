import manifest from '../package.json' with { type: 'json' };

/** What the package exports: package.json's `exports` is the one list, and names the types, hence the sources. */
export interface EntryPoint {
  /** What users import: `flow-security-keys/lambda`. */
  readonly specifier: string;
  /** From the root: `adapters/lambda/handler.ts`. */
  readonly source: string;
  /** The bundle's name in `dist/package`, without `.js`. */
  readonly bundle: string;
}

// `./package.json` is exported, too, as tools read it; it is no module.
const { './package.json': _, ...modules } = manifest.exports;

export const entryPoints: readonly EntryPoint[] = Object.entries(modules).map(([path, { types, default: file }]) => ({
  specifier: manifest.name + path.slice(1),
  source: types.replace(/^\.\/dist\/types\/(.*)\.d\.ts$/, '$1.ts'),
  bundle: file.replace(/^\.\/dist\/package\/(.*)\.js$/, '$1'),
}));
