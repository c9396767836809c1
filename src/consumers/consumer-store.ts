/**
 * Where consumers are registered. This is all that is asked of a store; caching, parsing, imports and deadlines
 * are not its work.
 *
 * @example
 * const consumerStore: ConsumerStore = {
 *   consumer: async (name) => (await database.read('consumers', name))?.document,
 * };
 */
export interface ConsumerStore {
  /**
   * The consumer's document, as {@link parseConsumer} takes it; `undefined` for a name that it does not know.
   *
   * @param name lower-case letters, digits and `-`, at most 64: checked before
   * @throws FlowKeysError `consumer_store_unavailable` when it cannot tell whether it has the consumer
   */
  consumer(name: string, options: { readonly signal?: AbortSignal }): Promise<string | undefined>;
}
