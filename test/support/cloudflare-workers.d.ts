declare module 'cloudflare:workers' {
  import type { WritableNamespace } from '../key-stores/memory.ts';

  /** The entry points of the Worker under test. */
  export const exports: { readonly default: { fetch(request: Request): Promise<Response> } };
  /** The bindings of the tests. */
  export const env: { readonly TEST_KEYS: WritableNamespace };
}
