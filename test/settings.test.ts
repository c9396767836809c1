import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { connectSettings } from 'flow-security-keys';
import { settingsFrom } from 'flow-security-keys/hono';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { powertoolsSettings } from '../adapters/lambda/observe.ts';
import { settings } from '../build/settings.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = ['src', 'adapters', 'cli'].flatMap((folder) =>
  readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`),
);

/** What stands in capitals in files that read the environment, and is not a setting. */
const otherNames = new Set([
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'],
  // Services of AWS, signals, levels, methods, kinds of flows, forms of responses.
  ...['SSM', 'SECRETS_MANAGER', 'SIGTERM', 'SIGINT', 'INFO', 'POST', 'GET', 'VOICE'],
  ...['CONTACT_FLOW', 'QUEUE_TRANSFER', 'MODULE', 'JSON', 'STRING_MAP', 'PROBLEM', 'API'],
  // Replaced when the bundle is made.
  'FLOW_KEYS_VERSION',
  // The requests that /docs shows read a token from it.
  'FLOW_KEYS_TOKEN',
]);

/** The names in capitals that a source has as texts, as destructured members or as members of `process.env`. */
function namesIn(source: string): readonly string[] {
  const isReader = /\b(process\.env|ProcessEnv|\w*[eE]nvironment)\b/.test(source) || source.includes('.env(');
  if (!isReader) return [];
  const texts = source.matchAll(
    /'([A-Z][A-Z0-9_]{2,})'|[{,]\s*([A-Z][A-Z0-9_]{2,})(?=\s*[:,}=])|\benv\.([A-Z][A-Z0-9_]{2,})/g,
  );
  return Array.from(texts, ([, text, member, property]) => text ?? member ?? property ?? '');
}

describe('The table of settings', () => {
  const names = new Set(settings.map(({ name }) => name));

  it.for(sources)('has every setting that %s reads', (path) => {
    const read = namesIn(readFileSync(root + path, 'utf8'));
    expect(read.filter((name) => !names.has(name) && !otherNames.has(name))).toEqual([]);
  });

  it('has only settings that the code reads', () => {
    const read = new Set(sources.flatMap((path) => namesIn(readFileSync(root + path, 'utf8'))));
    const own = settings.filter(({ library }) => library === undefined);
    expect(own.filter(({ name }) => !read.has(name)).map(({ name }) => name)).toEqual([]);
  });

  it('has every variable and parameter of the template', () => {
    const { Parameters: parameters } = parse(readFileSync(`${root}template.yaml`, 'utf8'), { logLevel: 'silent' });
    const template = readFileSync(`${root}template.yaml`, 'utf8');
    const variables = Array.from(template.matchAll(/^ +([A-Z][A-Z_]+): !Ref ([\w:]+)$/gm));
    expect(variables.length).toBeGreaterThan(10);
    for (const [, name = '', parameter = ''] of variables) {
      if (parameter.startsWith('AWS::')) expect(names).toContain(name);
      else expect(settings).toContainEqual(expect.objectContaining({ name, parameter }));
    }
    for (const { parameter, default: assumed } of settings) {
      if (parameter === undefined) continue;
      expect(Object.keys(parameters)).toContain(parameter);
      if (assumed && 'value' in assumed) expect(String(parameters[parameter].Default)).toBe(assumed.value);
    }
  });

  it('has the defaults of the code', () => {
    const defaults = Object.fromEntries(
      settings.flatMap(({ name, default: assumed }) => (assumed && 'value' in assumed ? [[name, assumed.value]] : [])),
    );
    expect(connectSettings(defaults)).toEqual(connectSettings({}));
    expect(powertoolsSettings(defaults)).toEqual(powertoolsSettings({}));
    const issuer = { JWT_ISSUER: 'https://team.cloudflareaccess.com', JWT_AUDIENCE: 'audience', JWT_ROUTES: 'decrypt' };
    expect(settingsFrom({ ...defaults, ...issuer })).toEqual(settingsFrom(issuer));
  });
});
