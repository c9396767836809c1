import { FlowKeysError } from '../errors.ts';

/**
 * How many names that are not cached a call may still look up. A name that the store knows is refunded, so the budget limits
 * invented names: each of them costs a store request.
 */
export interface LookupBudget {
  /** Calls with the same scope share their lookups in flight. Default: all calls without a scope share them. */
  readonly scope?: object;
  /**
   * Takes one lookup from the budget.
   *
   * @returns a function to call when the lookup is over, with whether the store has the name
   * @throws FlowKeysError `rate_limited` when the budget is used up
   */
  take(name: string): (isFound: boolean) => void;
}

// Names that no store has.
const perCall = 8;

/** Creates the budget of one call. */
export function lookupBudget(): LookupBudget {
  let left = perCall;
  return {
    take() {
      if (left === 0) throw tooManyLookups();
      left -= 1;
      return (isFound) => {
        if (isFound) left += 1;
      };
    },
  };
}

export function tooManyLookups(): FlowKeysError {
  return new FlowKeysError(
    'rate_limited',
    'Too many unknown key ids or consumers were requested. Check the names, and retry in a few seconds.',
  );
}
