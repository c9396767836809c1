/** What a runtime's Web Crypto may lack. */
export type Capability = '192-bit AES';

/** One case of the parity suite. It asserts by itself, so that any runner of any runtime can run it. */
export interface NamedCase {
  readonly name: string;
  /** What the case needs of Web Crypto; absent for what every runtime has. */
  readonly needs?: Capability;
  /** Rejects when the runtime does not behave as it must. */
  run(): Promise<void>;
}
