/** The course of a call. Inputs appear as `[input of "block"]`, ciphertexts as their length. */
export interface CallTranscript {
  readonly steps: readonly CallStep[];
  readonly end: CallEnd;
  /** The prompts that the caller heard, in order. */
  readonly heard: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
  readonly flowAttributes: Readonly<Record<string, string>>;
  /** The blocks that took keys while the automated interaction was recorded. */
  readonly recorded: readonly string[];
  /** What the flow log would hold about inputs. */
  readonly logged: readonly string[];
}

/** One block that the call went through. */
export interface CallStep {
  readonly block: string;
  readonly type: string;
  /** The branch that the call took; absent if the call ended here. */
  readonly branch?: string;
  readonly next?: string;
  readonly said?: string;
  /** How many keys were pressed, which attributes were set, how the function was invoked, and so on. */
  readonly details: readonly string[];
  /** Whether flow logging was on. */
  readonly isLogged: boolean;
}

/** How a call ended, and at which block. */
export interface CallEnd {
  /**
   * `disconnected`, `flow-ended`, `transferred`: by the flow. `hung-up`: by the caller. `lost`: a block has no branch for
   * what happened. `endless`: after 1,000 blocks. `undecided`: a block cannot be played, and no branch was chosen.
   */
  readonly kind: 'disconnected' | 'flow-ended' | 'transferred' | 'hung-up' | 'lost' | 'endless' | 'undecided';
  readonly block: string;
  readonly why: string;
}
