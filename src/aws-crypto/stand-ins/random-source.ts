import { synchronousRandomValues } from './web-crypto-backend.ts';

// Stands in for `@aws-crypto/random-source-browser`, by an alias of the bundler. The original looks for `window` or
// `self`, which Node has not.
export const randomValuesOnly = async (byteLength: number) => synchronousRandomValues(byteLength);
