import type { Context, MiddlewareHandler } from 'hono';
import { bearerAuth } from 'hono/bearer-auth';
import { errors, type JWTPayload, jwtVerify } from 'jose';
import { FlowKeysError } from '../../../src/index.ts';
import { hex } from '../../../src/internal.ts';
import type { AppEnv, Caller } from '../context.ts';
import type { OperationName } from '../contract.ts';
import { issuerKeys } from '../issuer-keys.ts';
import { isLoopback } from '../loopback.ts';
import type { Authorization, BearerToken, JwtIssuer } from '../options.ts';
import { problem } from '../problem.ts';
import { assertCallers, hasCallers, notConfigured } from '../settings.ts';

/** Lets calls to the operation pass that carry a valid token or, in development, come over loopback. */
export function authorize(operation: OperationName): MiddlewareHandler<AppEnv> {
  return async (context, next) => {
    const { authorization } = context.var.settings;
    if (hasCallers(authorization)) {
      const check = authorization.jwtIssuer !== undefined && hasAccessToken(context) ? checkAccessToken : checkToken;
      const refused = await check(context, async () => {
        assertAllowed(context.var.caller, operation);
        // A batch counts as many calls as it has items, which are in its body.
        if (operation !== 'decryptBatch') await assertNotTooOften(context, operation, 1);
        await next();
      });
      return refused ?? undefined;
    }
    if (!authorization.isDevelopment) assertCallers(authorization);
    assertLocal(context);
    context.set('caller', { name: 'development', consumers: ['*'] });
    return next();
  };
}

// Proxies add these. Behind a proxy on this machine, calls from the whole network come over loopback.
const forwardingHeaders = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'];

/** @throws FlowKeysError `not_configured` for a call that may come from another machine, or from a page of another site */
function assertLocal({ req, env }: Context<AppEnv>): void {
  const { origin, 'cf-connecting-ip': client } = req.header();
  const isLocal =
    isLoopback(new URL(req.url).hostname) &&
    isOverLoopback(env) &&
    (origin === undefined || (URL.canParse(origin) && isLoopback(new URL(origin).hostname))) &&
    (client === undefined || isLoopback(client)) &&
    forwardingHeaders.every((name) => req.header(name) === undefined);
  if (isLocal) return;
  throw notConfigured('DEVELOPMENT allows calls over loopback only, without a proxy. Set BEARER_TOKEN_HASHES.');
}

/** On Node, looks at the connection, as a client may send any host. */
function isOverLoopback(bindings: AppEnv['Bindings'] | undefined): boolean {
  const incoming = bindings?.['incoming'];
  if (typeof incoming !== 'object' || incoming === null || !('socket' in incoming)) return true;
  const { socket } = incoming;
  const address = typeof socket === 'object' && socket !== null && 'localAddress' in socket ? socket.localAddress : '';
  return typeof address === 'string' && isLoopback(address.replace(/^::ffff:/, ''));
}

function assertAllowed({ routes }: Caller, operation: OperationName): void {
  if (routes === undefined || routes.includes(operation)) return;
  throw new FlowKeysError('forbidden', `This token may call ${routes.join(', ')} only.`);
}

/** @throws FlowKeysError `rate_limited` */
export async function assertNotTooOften(
  { var: { caller, settings } }: Context<AppEnv>,
  operation: OperationName,
  items: number,
): Promise<void> {
  const { mayCall } = settings;
  if (mayCall === undefined || (await mayCall({ caller: caller.name, operation, items }))) return;
  throw new FlowKeysError(
    'rate_limited',
    'This caller has made too many calls. Wait the seconds in "retry-after", then try again.',
  );
}

// A missing, a malformed, an unknown and an expired token get the same response.
const refusal = {
  wwwAuthenticateHeader: 'Bearer realm="flow-security-keys"',
  message(context: Context) {
    const message = 'Send "authorization: Bearer <token>" with a valid token for this service.';
    return problem(context, new FlowKeysError('unauthorized', message, { cause: context.get('refusedFor') }));
  },
};

// Cloudflare Access puts its token here:
// https://developers.cloudflare.com/cloudflare-one/identity/authorization-cookie/validating-json/
const accessHeader = 'cf-access-jwt-assertion';

function hasAccessToken({ req }: Context): boolean {
  return req.header('authorization') === undefined && req.header(accessHeader) !== undefined;
}

const tokenCheck = {
  noAuthenticationHeader: refusal,
  invalidAuthenticationHeader: refusal,
  invalidToken: refusal,
  async verifyToken(token: string, context: Context<AppEnv>): Promise<boolean> {
    const { bearerTokens = [], jwtIssuer }: Authorization = context.get('settings').authorization;
    const isJwt = jwtIssuer !== undefined && token.split('.').length === 3;
    const caller = isJwt
      ? await callerOfJwt(token, jwtIssuer, (reason) => context.set('refusedFor', reason))
      : await callerOfBearerToken(token, bearerTokens);
    if (caller === undefined) return false;
    context.set('caller', caller);
    return true;
  },
};

const checkToken = bearerAuth<AppEnv>(tokenCheck);
const checkAccessToken = bearerAuth<AppEnv>({ ...tokenCheck, headerName: accessHeader, prefix: '' });

async function callerOfBearerToken(token: string, known: readonly BearerToken[]): Promise<Caller | undefined> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token));
  const hash = hex(new Uint8Array(digest));
  // Compare against every hash, so that timing does not reveal which one matched.
  const [found] = known.filter(({ sha256 }) => isEqual(sha256, hash));
  return found && { ...found, name: `token:${hash.slice(0, 8)}` };
}

/** Compares in a time that does not depend on where the texts differ. */
function isEqual(left: string, right: string): boolean {
  let difference = left.length ^ right.length;
  for (let index = 0; index < right.length; index += 1) difference |= left.charCodeAt(index) ^ right.charCodeAt(index);
  return difference === 0;
}

async function callerOfJwt(
  token: string,
  { issuer, audience, jwksUrl, algorithms, limits, ...required }: JwtIssuer,
  refuse: (reason: unknown) => void,
): Promise<Caller | undefined> {
  try {
    const { payload } = await jwtVerify(token, issuerKeys(jwksUrl), {
      issuer,
      audience,
      algorithms: [...algorithms],
      requiredClaims: ['exp'],
      clockTolerance: 5,
    });
    const name = callerName(payload);
    assertRequired(payload, required);
    return { ...limits, name: `jwt:${name}` };
  } catch (error) {
    if (error instanceof FlowKeysError) throw error;
    if (isTokenError(error)) {
      refuse(error);
      return undefined;
    }
    throw new FlowKeysError(
      'issuer_unavailable',
      "The issuer's keys could not be fetched from JWT_JWKS_URL. Try again. If it keeps failing, check that URL.",
      { cause: error },
    );
  }
}

/** Cloudflare Access names a service token in `common_name`, beside an empty `sub`. */
function callerName({ sub, common_name: commonName }: JWTPayload): string {
  const name = sub || commonName;
  if (typeof name === 'string' && name.length >= 1 && name.length <= 200) return name;
  throw new errors.JWTClaimValidationFailed('The token has no name in "sub" or "common_name".', {}, 'sub');
}

/** @throws FlowKeysError `forbidden` for a token that lacks the required scope or claim */
function assertRequired(
  payload: JWTPayload,
  { requiredScope, requiredClaim }: Pick<JwtIssuer, 'requiredScope' | 'requiredClaim'>,
): void {
  const { scope, scp } = payload;
  const scopes = [...(typeof scope === 'string' ? scope.split(' ') : []), ...listOf(scp)];
  if (requiredScope !== undefined && !scopes.includes(requiredScope)) {
    throw new FlowKeysError('forbidden', `The token lacks the scope ${requiredScope}.`);
  }
  if (requiredClaim === undefined || listOf(payload[requiredClaim.name]).includes(requiredClaim.value)) return;
  throw new FlowKeysError('forbidden', `The token's claim ${requiredClaim.name} does not have the required value.`);
}

function listOf(claim: unknown): readonly unknown[] {
  return Array.isArray(claim) ? claim : [claim];
}

// Errors while fetching the issuer's keys. All others come from the token.
const issuerErrors = ['ERR_JOSE_GENERIC', 'ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID'];

function isTokenError(error: unknown): boolean {
  return error instanceof errors.JOSEError && !issuerErrors.includes(error.code);
}
