import { parseArgs } from 'node:util';

const benches: Readonly<Record<string, () => Promise<unknown>>> = {
  decrypt: async () => (await import('./decrypt.ts')).benchDecrypt({ peers: options.peers }),
  lambda: async () => (await import('./lambda.ts')).benchLambda(),
  cli: async () => (await import('./cli.ts')).benchCli(),
  relay: async () => (await import('./relay.ts')).benchRelay(),
  'key-store': async () => (await import('./key-store.ts')).benchKeyStore(),
};

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { peers: { type: 'boolean', default: false } },
});

for (const name of positionals.length > 0 ? positionals : Object.keys(benches)) {
  const bench = benches[name];
  if (bench === undefined) throw new Error(`There is no bench ${name}; there are ${Object.keys(benches).join(', ')}.`);
  await bench();
}
