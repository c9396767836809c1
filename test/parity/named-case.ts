/** One case of the parity suite. It asserts by itself, so that any runner of any runtime can run it. */
export interface NamedCase {
  readonly name: string;
  /** Rejects when the runtime does not behave as it must. */
  run(): Promise<void>;
}
