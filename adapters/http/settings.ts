import { type ConnectSettings, connectSettings, FlowKeysError } from '../../src/index.ts';
import { consumerList, isField, isKeyId } from '../../src/internal.ts';
import { operationNames } from './contract.ts';
import { isLoopback } from './loopback.ts';
import type { Authorization, BearerToken, JwtIssuer } from './options.ts';

/** The source of the settings: `process.env`, or the bindings of a Worker. */
export type Environment = Readonly<Record<string, unknown>>;

/** The options of `flowSecurityKeys` that the environment sets. */
export interface EnvironmentSettings {
  readonly authorization: Authorization;
  readonly connect: ConnectSettings;
  /** How long a call may take, in milliseconds. */
  readonly timeout: number;
  /** Records nothing. Present with `AUDIT=none`. */
  readonly audit?: () => void;
}

/**
 * Reads `BEARER_TOKEN_HASHES`, `JWT_ISSUER`, `JWT_AUDIENCE`, `JWT_JWKS_URL`, `JWT_ALGORITHMS`, `JWT_ROUTES`,
 * `JWT_KEY_IDS`, `JWT_CONSUMERS`, `JWT_FIELDS`, `JWT_SCOPE`, `JWT_CLAIM`, `DEVELOPMENT`, `TIMEOUT`, `AUDIT`, and the settings of {@link connectSettings}.
 *
 * @throws FlowKeysError `not_configured`, with the name of the missing or invalid setting
 * @example
 * const app = flowSecurityKeys({ ...settingsFrom(process.env), keyStore });
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

/** Whether a bearer token or an issuer of JWTs is configured. */
export function hasCallers({ bearerTokens = [], jwtIssuer }: Authorization): boolean {
  return bearerTokens.length > 0 || jwtIssuer !== undefined;
}

/** @throws FlowKeysError `not_configured` if no call could ever be accepted */
export function assertCallers(authorization: Authorization): void {
  if (hasCallers(authorization)) return;
  throw notConfigured(
    'No caller is configured. Set BEARER_TOKEN_HASHES ("flow-keys token" creates a token and its hash) or JWT_ISSUER.',
  );
}

function bearerTokensFrom(text: string): readonly BearerToken[] {
  const tokens = text.split(/\s+/).filter(Boolean).map(bearerTokenFrom);
  if (new Set(tokens.map(({ sha256 }) => sha256)).size === tokens.length) return tokens;
  throw notConfigured('BEARER_TOKEN_HASHES holds a hash twice, so its limits are unclear. Remove one of the two.');
}

/**
 * Reads an entry of `BEARER_TOKEN_HASHES`: `{sha256}`, then the limits of the token, each optional:
 * `:key-ids={id},{id}:routes={name},{name}:consumers={name},{name}:fields={name}`. Without `consumers`, the token may
 * encrypt for none. Except for `*`, which stands for all consumers, no character has a meaning in a shell.
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
  const limitsByMember = Object.entries(limitNames).map(([name, member]) => [member, lists.get(name)]);
  return { sha256, ...limitsFrom(Object.fromEntries(limitsByMember), badLimit) };
}

const limitNames = { 'key-ids': 'keyIds', routes: 'routes', consumers: 'consumers', fields: 'fields' } as const;

function badLimit(): FlowKeysError {
  return notConfigured(
    `A limit in BEARER_TOKEN_HASHES must be "key-ids=…", "consumers=…", "fields=…" or "routes=…", each at most once. Routes are ${operationNames.join(', ')}.`,
  );
}

type Limits = Omit<BearerToken, 'sha256'>;
type Lists = Readonly<Partial<Record<keyof Limits, readonly string[] | undefined>>>;

/** The limits of a caller. An absent list limits nothing. An empty list is a mistake, except for the consumers. */
function limitsFrom({ keyIds, routes, consumers, fields }: Lists, bad: () => FlowKeysError): Limits {
  const isListOf = (list: readonly string[] | undefined, isEntry: (entry: string) => boolean) =>
    list === undefined || (list.length > 0 && list.every(isEntry));
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

// No algorithm with a shared secret: an attacker could sign with the public key as the secret.
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

function jwtIssuerFrom(text: (name: string) => string): JwtIssuer {
  const issuer = text('JWT_ISSUER');
  const audience = text('JWT_AUDIENCE');
  if (audience === '') throw notConfigured('JWT_AUDIENCE must be the audience (aud) of the tokens.');
  // Cloudflare Access: https://developers.cloudflare.com/cloudflare-one/identity/authorization-cookie/validating-json/
  const isAccess = /^https:\/\/[a-z0-9-]+\.cloudflareaccess\.com$/.test(issuer);
  const jwksUrl = text('JWT_JWKS_URL') || (isAccess ? `${issuer}/cdn-cgi/access/certs` : '');
  const url = URL.canParse(jwksUrl) ? new URL(jwksUrl) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && !isLoopback(url.hostname))) {
    throw notConfigured("JWT_JWKS_URL must be the https URL of the issuer's JSON Web Key Set (jwks_uri).");
  }
  const list = (name: string) =>
    text(name)
      .split(/[\s,]+/)
      .filter(Boolean);
  const allowed = list('JWT_ALGORITHMS');
  if (!allowed.every((algorithm) => algorithms.includes(algorithm))) {
    throw notConfigured(`JWT_ALGORITHMS may hold ${algorithms.join(' ')}.`);
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
  const optional = (name: string) => (list(name).length > 0 ? list(name) : undefined);
  const lists = { keyIds: optional('JWT_KEY_IDS'), fields: optional('JWT_FIELDS'), consumers: list('JWT_CONSUMERS') };
  const routes = list('JWT_ROUTES');
  const bad = () =>
    notConfigured(
      `JWT_ROUTES must hold the routes that tokens of JWT_ISSUER may call, among ${operationNames.join(' ')}. JWT_KEY_IDS may hold key ids, and JWT_FIELDS fields.`,
    );
  return { ...limitsFrom({ ...lists, routes }, bad), routes };
}

function requiredClaimFrom(text: string): Pick<JwtIssuer, 'requiredClaim'> {
  if (text === '') return {};
  const [, name, value] = text.match(/^([^=\s]+)=(.+)$/) ?? [];
  if (name === undefined || value === undefined) throw notConfigured('JWT_CLAIM must be "name=value".');
  return { requiredClaim: { name, value } };
}

/**
 * Whether `AUDIT` is `none`, so that re-encryptions are not recorded.
 *
 * @throws FlowKeysError `not_configured` if it is neither `stdout`, the default, nor `none`
 */
export function isAuditOff({ AUDIT: audit = 'stdout' }: Environment): boolean {
  if (audit !== 'stdout' && audit !== 'none') throw notConfigured('AUDIT must be stdout or none.');
  return audit === 'none';
}

const longestTimeout = 300_000;

/**
 * Checks how long a call may take, in milliseconds.
 *
 * @throws FlowKeysError `not_configured`
 */
export function checkedTimeout(timeout = 10_000): number {
  if (timeout > 0 && timeout <= longestTimeout) return timeout;
  throw notConfigured(`TIMEOUT must be a number of milliseconds, from 1 to ${longestTimeout}.`);
}

export function notConfigured(message: string): FlowKeysError {
  return new FlowKeysError('not_configured', message);
}
