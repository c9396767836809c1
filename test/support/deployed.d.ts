// The sources or, with TEST_BUNDLES=true, the bundles (vitest.config.ts).
declare module 'deployed/lambda' {
  export { handler } from '../../adapters/lambda/index.ts';
}
declare module 'deployed/worker' {
  export { default } from '../../adapters/worker/worker.ts';
}
