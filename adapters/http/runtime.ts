/** Whether this is Cloudflare's workerd, where a request must not await what another request started. */
export const isWorker = globalThis.navigator?.userAgent === 'Cloudflare-Workers';
