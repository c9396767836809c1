// The built function has the types of its source.
declare module '*/dist/lambda/index.mjs' {
  export { handler } from '../adapters/lambda/index.ts';
}
