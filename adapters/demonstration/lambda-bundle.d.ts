declare module '*/dist/lambda/index.mjs' {
  export { handler } from '../lambda/index.ts';
}
