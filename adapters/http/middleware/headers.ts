import { createMiddleware } from 'hono/factory';
import { NONCE, secureHeaders } from 'hono/secure-headers';

// The proxy that terminates TLS sends Strict-Transport-Security.
export const securityHeaders = secureHeaders({
  strictTransportSecurity: false,
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    styleSrc: [NONCE],
    scriptSrc: [NONCE],
    // The forms of /docs call the service itself. No other page connects to anything.
    connectSrc: [({ req }) => (req.path.endsWith('/docs') ? "'self'" : "'none'")],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
});

export const noStore = createMiddleware(async (context, next) => {
  await next();
  context.header('cache-control', 'no-store');
});
