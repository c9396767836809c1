/** The routes that need a token, by the names to which a token may be limited; `metrics` is on Node only. */
export const operationNames = ['decrypt', 'decryptBatch', 'reencrypt', 'inspect', 'connect', 'metrics'] as const;

export type OperationName = (typeof operationNames)[number];
