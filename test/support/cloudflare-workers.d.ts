declare module 'cloudflare:workers' {
  /** The entry points of the Worker under test. */
  export const exports: { readonly default: { fetch(request: Request): Promise<Response> } };
}
