// What is deployed: the sources or, with TEST_BUNDLES=true, what was built of them (vitest.config.ts).
declare module 'deployed/lambda' {
  export { handler } from '../../adapters/lambda/index.ts';
}
declare module 'deployed/worker' {
  export { default } from '../../adapters/worker/worker.ts';
}
