// `@aws-crypto/serialize` reads DER signatures with asn1.js and the global `Buffer`, which is no Web API.
export { Buffer } from 'buffer/index.js';
