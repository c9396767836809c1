import type { Context, MiddlewareHandler } from 'hono';
import { bearerAuth } from 'hono/bearer-auth';
import type { AppEnv } from './app.ts';
import { problem, RequestError } from './problem.ts';

/** Who may call. */
export interface Authorization {
  /** SHA-256 of each bearer token that is accepted, 64 hexadecimal digits. */
  readonly bearerTokenHashes: readonly string[];
  /** Without tokens: accept every call that comes to a loopback address, and no other. */
  readonly isDevelopment: boolean;
}

/** Lets a call pass that carries a known bearer token (RFC 6750) or, in development, comes over loopback. */
export const authorize: MiddlewareHandler<AppEnv> = async (context, next) => {
  const { bearerTokenHashes, isDevelopment } = context.var.settings.authorization;
  if (bearerTokenHashes.length > 0) return checkBearerToken(context, next);
  if (!isDevelopment) {
    throw new RequestError(
      'not_configured',
      'No bearer token is configured, so nobody may call. Set BEARER_TOKEN_HASHES.',
    );
  }
  if (!isLoopback(new URL(context.req.url).hostname)) {
    throw new RequestError(
      'not_configured',
      'The development flag is for loopback addresses only. Set BEARER_TOKEN_HASHES.',
    );
  }
  return next();
};

// A missing, a malformed and an unknown token get the same answer.
const refusal = {
  wwwAuthenticateHeader: 'Bearer realm="flow-security-keys"',
  message: (context: Context) =>
    problem(
      context,
      new RequestError('unauthorized', 'Send "authorization: Bearer <token>" with a token of this service.'),
    ),
};

const checkBearerToken = bearerAuth<AppEnv>({
  noAuthenticationHeader: refusal,
  invalidAuthenticationHeader: refusal,
  invalidToken: refusal,
  async verifyToken(token, context) {
    const hashes: readonly string[] = context.get('settings').authorization.bearerTokenHashes;
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token));
    const hash = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
    return hashes.filter((known) => isEqual(known, hash)).length > 0;
  },
});

/** Compares in a time that does not depend on where the texts differ. */
function isEqual(left: string, right: string): boolean {
  let difference = left.length ^ right.length;
  for (let index = 0; index < right.length; index += 1) difference |= left.charCodeAt(index) ^ right.charCodeAt(index);
  return difference === 0;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
