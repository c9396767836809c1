import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';

const document = new URL('../docs/performance.md', import.meta.url);

/** Each gives Markdown. A name is also that of its part of docs/performance.md. */
const benches: Readonly<Record<string, () => Promise<string>>> = {
  decrypt: async () => (await import('./decrypt.ts')).benchDecrypt({ peers: options.peers }),
  lambda: async () => (await import('./lambda.ts')).benchLambda(),
  http: async () => (await import('./http.ts')).benchHttp(),
  relay: async () => (await import('./relay.ts')).benchRelay(),
  cli: async () => (await import('./cli.ts')).benchCli(),
  'key-store': async () => (await import('./key-store.ts')).benchKeyStore(),
  soak: async () => (await import('./soak.ts')).benchSoak({ minutes: Number(options.minutes) }),
};

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    peers: { type: 'boolean', default: false },
    /** Writes the figures into docs/performance.md. */
    document: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '20' },
  },
});

const [{ model = 'unknown' } = {}, ...others] = cpus();
const machine = `${model.trim()}, ${others.length + 1} cores, ${Math.round(totalmem() / 2 ** 30)} GiB; Node ${process.versions.node} with OpenSSL ${process.versions.openssl}`;
console.log(`${machine}\n`);

const asked = positionals.length > 0 ? positionals : Object.keys(benches);
const figures = new Map([['machine', `${machine}.\n`]]);
for (const name of asked) {
  const bench = benches[name];
  if (bench === undefined) throw new Error(`There is no bench ${name}; there are ${Object.keys(benches).join(', ')}.`);
  const markdown = await bench();
  console.log(markdown);
  figures.set(name, markdown);
}
if (options.document) {
  const text = Array.from(figures).reduce(
    (written, [name, markdown]) =>
      written.replace(
        new RegExp(`(<!-- bench: ${name} -->\n)[^]*?(<!-- /bench -->)`),
        (_, start: string, end: string) => `${start}\n${markdown}\n${end}`,
      ),
    readFileSync(document, 'utf8'),
  );
  writeFileSync(document, text);
}
