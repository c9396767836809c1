// Stands in for `asn1.js`, by an alias of the bundler. `@aws-crypto/material-management` defines with it
// how signing keys are written as PEM for Node's own crypto module, which Web Crypto never asks for.
export default { define: () => undefined };
