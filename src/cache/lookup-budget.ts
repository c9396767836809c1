import { FlowKeysError } from '../errors.ts';

/**
 * How many names a call may still have looked up of which nothing is known. A name that the store has costs nothing in
 * the end, so the budget is for names that are invented: each would cost a store request.
 */
export interface LookupBudget {
  /** Calls of one scope share their lookups in flight. Default: they share them with all calls that have none. */
  readonly scope?: object;
  /**
   * Takes a lookup.
   *
   * @returns what is told, when it is over, whether the store has the name
   * @throws FlowKeysError `rate_limited` when nothing is left
   */
  take(name: string): (isFound: boolean) => void;
}

// Of names that no store has.
const perCall = 8;

/** Makes the budget of one call. */
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
    'Too many key ids or consumers were asked for that no store has. Check the names, and wait a few seconds.',
  );
}
