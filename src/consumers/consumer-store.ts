/**
 * Where consumers are registered. A store only reads: caching, parsing, imports and deadlines are handled outside it.
 *
 * @example
 * const consumerStore: ConsumerStore = {
 *   consumer: async (name) => (await database.read('consumers', name))?.document,
 * };
 */
export interface ConsumerStore {
  /**
   * Returns the consumer's document, as {@link parseConsumer} reads it, or `undefined` for an unknown name.
   *
   * @param name at most 64 lower-case letters, digits and `-`, already checked
   * @throws FlowKeysError `consumer_store_unavailable` when it cannot tell whether it has the consumer. Any other error is
   *   reported as `consumer_store_unavailable`, too
   */
  consumer(name: string, options: { readonly signal?: AbortSignal }): Promise<string | undefined>;
}
