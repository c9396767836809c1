import { type ConnectSettings, connectSettings, FlowKeysError } from '../../src/index.ts';
import { consumerList, isField, isKeyId } from '../../src/internal.ts';
import { operationNames } from './contract.ts';
import { isLoopback } from './loopback.ts';
import type { Authorization, BearerToken, JwtIssuer } from './options.ts';

/** Where settings come from: a Worker's bindings, or `process.env`. */
export type Environment = Readonly<Record<string, unknown>>;

/** What the environment configures of the service. */
export interface EnvironmentSettings {
  readonly authorization: Authorization;
  readonly connect: ConnectSettings;
  /** Milliseconds. */
  readonly timeout: number;
  /** With `AUDIT=none`: records nothing. */
  readonly audit?: () => void;
}

/**
 * Reads `BEARER_TOKEN_HASHES`, `JWT_ISSUER`, `JWT_AUDIENCE`, `JWT_JWKS_URL`, `JWT_ALGORITHMS`, `JWT_ROUTES`,
 * `JWT_KEY_IDS`, `JWT_CONSUMERS`, `JWT_FIELDS`, `JWT_SCOPE`, `JWT_CLAIM`, `DEVELOPMENT`, `TIMEOUT`, `AUDIT`, and those of {@link connectSettings}.
 *
 * @throws FlowKeysError `not_configured`, naming the setting that is missing or wrong
 */
export function settingsFrom(environment: Environment): EnvironmentSettings {
  const text = (name: string) => (typeof environment[name] === 'string' ? environment[name].trim() : '');
  const jwtIssuer = text('JWT_ISSUER') === '' ? undefined : jwtIssuerFrom(text);
  return {
    authorization: {
      bearerTokens: bearerTokensFrom(text('BEARER_TOKEN_HASHES')),
      ...(jwtIssuer && { jwtIssuer }),
      isDevelopment: text('DEVELOPMENT') === 'true',
    },
    connect: connectSettings(environment),
    ...(isAuditOff(environment) && { audit: () => {} }),
    timeout: checkedTimeout(text('TIMEOUT') === '' ? undefined : Number(text('TIMEOUT'))),
  };
}

/** Whether somebody may call: a bearer token or an issuer of JWTs is configured. */
export function hasCallers({ bearerTokens = [], jwtIssuer }: Authorization): boolean {
  return bearerTokens.length > 0 || jwtIssuer !== undefined;
}

/**
 * Reads `BEARER_TOKEN_HASHES`: entries as {@link bearerTokenFrom} takes them, separated by white space.
 *
 * @throws FlowKeysError `not_configured`
 */
function bearerTokensFrom(text: string): readonly BearerToken[] {
  const tokens = text.split(/\s+/).filter(Boolean).map(bearerTokenFrom);
  if (new Set(tokens.map(({ sha256 }) => sha256)).size === tokens.length) return tokens;
  throw notConfigured('BEARER_TOKEN_HASHES holds a hash twice, and it is unclear which limits it has. Leave one.');
}

/**
 * Reads `{sha256}`, and what the token is limited to: `{sha256}:key-ids={id},{id}:routes={name},{name}`; and the
 * consumers that it may encrypt for, without which it may for none, and the fields: `:consumers={name},{name}:fields={name}`.
 * Except for the `*` that stands for all consumers, no character of it means anything to a shell.
 *
 * @throws FlowKeysError `not_configured`
 */
export function bearerTokenFrom(entry: string): BearerToken {
  const [sha256 = '', ...limits] = entry.split(':');
  if (!/^[0-9a-f]{64}$/.test(sha256)) {
    throw notConfigured(
      'BEARER_TOKEN_HASHES must hold SHA-256 hashes of 64 lower-case hexadecimal digits, separated by spaces, as "flow-keys token" prints them.',
    );
  }
  const lists = new Map<string, readonly string[]>();
  for (const limit of limits) {
    const [name = '', list, ...more] = limit.split('=');
    if (list === undefined || more.length > 0 || lists.has(name) || !Object.hasOwn(limitNames, name)) throw badLimit();
    lists.set(name, list === '' ? [] : list.split(','));
  }
  const named = Object.entries(limitNames).map(([name, member]) => [member, lists.get(name)]);
  return { sha256, ...limitsFrom(Object.fromEntries(named), badLimit) };
}

const limitNames = { 'key-ids': 'keyIds', routes: 'routes', consumers: 'consumers', fields: 'fields' } as const;

function badLimit(): FlowKeysError {
  return notConfigured(
    `A limit in BEARER_TOKEN_HASHES must be "key-ids=…", "consumers=…", "fields=…", or "routes=…" with names of ${operationNames.join(', ')}, each once.`,
  );
}

type Limits = Omit<BearerToken, 'sha256'>;

/** What a caller may do, of lists that may be absent; an empty list is a mistake, but for the consumers. */
function limitsFrom({ keyIds, routes, consumers, fields }: Limits, bad: () => FlowKeysError): Limits {
  const isListOf = (list: readonly string[] | undefined, is: (entry: string) => boolean) =>
    list === undefined || (list.length > 0 && list.every(is));
  if (!isListOf(keyIds, isKeyId) || !isListOf(routes, isRoute) || !isListOf(fields, isField)) throw bad();
  return {
    ...(keyIds && { keyIds }),
    ...(routes && { routes }),
    ...(consumers && { consumers: consumerList(consumers, "A caller's consumers") }),
    ...(fields && { fields }),
  };
}

function isRoute(name: string): boolean {
  return operationNames.some((known) => known === name);
}

// Never an algorithm with a shared secret: a public key would be taken for it.
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

function jwtIssuerFrom(text: (name: string) => string): JwtIssuer {
  const issuer = text('JWT_ISSUER');
  const audience = text('JWT_AUDIENCE');
  if (audience === '') throw notConfigured('JWT_AUDIENCE must name the audience that tokens are issued for.');
  // Cloudflare Access: https://developers.cloudflare.com/cloudflare-one/identity/authorization-cookie/validating-json/
  const isAccess = /^https:\/\/[a-z0-9-]+\.cloudflareaccess\.com$/.test(issuer);
  const jwksUrl = text('JWT_JWKS_URL') || (isAccess ? `${issuer}/cdn-cgi/access/certs` : '');
  const url = URL.canParse(jwksUrl) ? new URL(jwksUrl) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && !isLoopback(url.hostname))) {
    throw notConfigured("JWT_JWKS_URL must be the https URL of the issuer's JSON Web Key Set, its jwks_uri.");
  }
  const list = (name: string) =>
    text(name)
      .split(/[\s,]+/)
      .filter(Boolean);
  const allowed = list('JWT_ALGORITHMS');
  if (!allowed.every((algorithm) => algorithms.includes(algorithm))) {
    throw notConfigured(`JWT_ALGORITHMS must be among ${algorithms.join(' ')}.`);
  }
  return {
    issuer,
    audience,
    jwksUrl: url.href,
    algorithms: allowed.length > 0 ? allowed : ['RS256', 'ES256'],
    limits: jwtLimitsFrom(list),
    ...(text('JWT_SCOPE') && { requiredScope: text('JWT_SCOPE') }),
    ...requiredClaimFrom(text('JWT_CLAIM')),
  };
}

function jwtLimitsFrom(list: (name: string) => readonly string[]): JwtIssuer['limits'] {
  const given = (name: string) => (list(name).length > 0 ? list(name) : undefined);
  const [keyIds, fields, routes = []] = ['JWT_KEY_IDS', 'JWT_FIELDS', 'JWT_ROUTES'].map(given);
  const consumers = list('JWT_CONSUMERS');
  const bad = () =>
    notConfigured(
      `JWT_ROUTES must name what callers with tokens of JWT_ISSUER may call, of ${operationNames.join(' ')}; JWT_KEY_IDS and JWT_FIELDS, where they are set, hold key ids and fields.`,
    );
  return { ...limitsFrom({ consumers, routes, ...(keyIds && { keyIds }), ...(fields && { fields }) }, bad), routes };
}

function requiredClaimFrom(text: string): Pick<JwtIssuer, 'requiredClaim'> {
  if (text === '') return {};
  const [, name, value] = text.match(/^([^=\s]+)=(.+)$/) ?? [];
  if (name === undefined || value === undefined) throw notConfigured('JWT_CLAIM must be "name=value".');
  return { requiredClaim: { name, value } };
}

/**
 * Whether `AUDIT` is `none`: then re-encryptions are recorded nowhere.
 *
 * @throws FlowKeysError `not_configured` for another value than `stdout`, the default, and `none`
 */
export function isAuditOff({ AUDIT: audit = 'stdout' }: Environment): boolean {
  if (audit !== 'stdout' && audit !== 'none') throw notConfigured('AUDIT must be stdout or none.');
  return audit === 'none';
}

const longestTimeout = 300_000;

/** How long a call may take, in milliseconds; throws FlowKeysError `not_configured` for what is no such time. */
export function checkedTimeout(timeout = 10_000): number {
  if (timeout > 0 && timeout <= longestTimeout) return timeout;
  throw notConfigured(`TIMEOUT must be a number of milliseconds, from 1 to ${longestTimeout}.`);
}

function notConfigured(message: string): FlowKeysError {
  return new FlowKeysError('not_configured', message);
}
