// The built files have the types of what they were built from.
declare module '*/dist/lambda/index.mjs' {
  export { handler } from '../../adapters/lambda/index.ts';
}
declare module '*/dist/worker/index.js' {
  export { default } from '../../adapters/worker/worker.ts';
}
