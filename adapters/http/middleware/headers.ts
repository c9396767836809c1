import { createMiddleware } from 'hono/factory';
import { NONCE, secureHeaders } from 'hono/secure-headers';
import { mountPath } from '../description/site.ts';

// Whoever terminates TLS sends Strict-Transport-Security.
export const securityHeaders = secureHeaders({
  strictTransportSecurity: false,
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    styleSrc: [NONCE],
    scriptSrc: [NONCE],
    // The form of /docs calls the service itself; no other page connects to anything.
    connectSrc: [(context) => (context.req.path === `${mountPath(context)}/docs` ? "'self'" : "'none'")],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
});

export const noStore = createMiddleware(async (context, next) => {
  await next();
  context.header('cache-control', 'no-store');
});
