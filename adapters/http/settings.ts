import { type ConnectSettings, connectSettings, FlowKeysError } from '../../src/index.ts';
import { consumerList } from '../../src/internal.ts';
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
}

/**
 * Reads `BEARER_TOKEN_HASHES`, `JWT_ISSUER`, `JWT_AUDIENCE`, `JWT_JWKS_URL`, `JWT_ALGORITHMS`, `JWT_CONSUMERS`,
 * `DEVELOPMENT`, `TIMEOUT`, and those of {@link connectSettings}.
 *
 * @throws FlowKeysError `not_configured`, naming the setting that is missing or wrong
 */
export function settingsFrom(environment: Environment): EnvironmentSettings {
  const text = (name: string) => (typeof environment[name] === 'string' ? environment[name].trim() : '');
  const jwtIssuer = text('JWT_ISSUER') === '' ? undefined : jwtIssuerFrom(text);
  return {
    authorization: {
      bearerTokens: text('BEARER_TOKEN_HASHES').split(/\s+/).filter(Boolean).map(bearerTokenFrom),
      ...(jwtIssuer && { jwtIssuer }),
      isDevelopment: text('DEVELOPMENT') === 'true',
    },
    connect: connectSettings(environment),
    timeout: checkedTimeout(text('TIMEOUT') === '' ? undefined : Number(text('TIMEOUT'))),
  };
}

/**
 * `{sha256}`, and what the token is limited to: `{sha256}:key-ids={id},{id}:routes={name},{name}`; and the consumers
 * that it may encrypt for, without which it may for none, and the fields: `:consumers={name},{name}:fields={name}`. But
 * for the `*` that stands for all consumers, no character of it means anything to a shell.
 */
export function bearerTokenFrom(entry: string): BearerToken {
  const [sha256 = '', ...limits] = entry.split(':');
  if (!/^[0-9a-f]{64}$/.test(sha256)) {
    throw notConfigured(
      'BEARER_TOKEN_HASHES must hold SHA-256 hashes of 64 lower-case hexadecimal digits, separated by spaces, as "flow-keys token" prints them.',
    );
  }
  const token: { -readonly [Member in keyof BearerToken]: BearerToken[Member] } = { sha256 };
  for (const limit of limits) {
    const [name, list = ''] = limit.split('=');
    const values = list.split(',').filter(Boolean);
    if (name === 'key-ids' && values.length > 0) token.keyIds = values;
    else if (name === 'routes' && values.length > 0 && values.every(isRoute)) token.routes = values;
    else if (name === 'consumers') token.consumers = consumerList(values, 'The limit "consumers" of a token');
    else if (name === 'fields' && values.length > 0) token.fields = values;
    else {
      throw notConfigured(
        `A limit in BEARER_TOKEN_HASHES must be "key-ids=…", "consumers=…", "fields=…", or "routes=…" with names of ${operationNames.join(', ')}.`,
      );
    }
  }
  return token;
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
  const allowed = text('JWT_ALGORITHMS')
    .split(/[\s,]+/)
    .filter(Boolean);
  if (!allowed.every((algorithm) => algorithms.includes(algorithm))) {
    throw notConfigured(`JWT_ALGORITHMS must be among ${algorithms.join(' ')}.`);
  }
  const consumers = text('JWT_CONSUMERS')
    .split(/[\s,]+/)
    .filter(Boolean);
  return {
    issuer,
    audience,
    jwksUrl: url.href,
    algorithms: allowed.length > 0 ? allowed : ['RS256', 'ES256'],
    consumers: consumerList(consumers, 'JWT_CONSUMERS'),
  };
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
