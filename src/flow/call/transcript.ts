/** How a call through a flow went. Inputs are shown as `[input of "block"]`, ciphertexts by their length. */
export interface CallTranscript {
  readonly steps: readonly CallStep[];
  readonly end: CallEnd;
  /** What the caller heard, in turn. */
  readonly heard: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
  readonly flowAttributes: Readonly<Record<string, string>>;
  /** The blocks that took keys while the automated interaction was recorded. */
  readonly recorded: readonly string[];
  /** What the flow log would hold, as far as it is about inputs. */
  readonly logged: readonly string[];
}

/** One block that the call went through. */
export interface CallStep {
  readonly block: string;
  readonly type: string;
  /** The branch that was taken; absent where the call ended. */
  readonly branch?: string;
  readonly next?: string;
  readonly said?: string;
  /** What was typed and what became of it, attributes that were set, how the function was invoked. */
  readonly details: readonly string[];
  /** Flow logging was on at the block. */
  readonly isLogged: boolean;
}

/** How the call ended, and at which block. */
export interface CallEnd {
  /**
   * `disconnected`, `flow-ended` and `transferred`: as the flow says. `hung-up`: by the caller. `lost`: a block has no
   * branch for what happened. `endless`: the call went through more than 1,000 blocks. `undecided`: a block that cannot be
   * played here, and nobody chose its branch.
   */
  readonly kind: 'disconnected' | 'flow-ended' | 'transferred' | 'hung-up' | 'lost' | 'endless' | 'undecided';
  readonly block: string;
  readonly why: string;
}
