import { FlowKeysError } from '../errors.ts';
import { tokenBuckets } from '../token-buckets.ts';

/**
 * How many names a call may still have looked up of which nothing is known. A name that the store has costs nothing in
 * the end, so the budget is for names that are invented: each would cost a store request.
 */
export interface LookupBudget {
  /** @throws FlowKeysError `rate_limited` when nothing is left */
  take(): void;
  /** The store has the name. */
  giveBack(): void;
}

// Of names that no store has: for one call, and for a caller at once and with every second.
const perCall = 8;
const perCaller = { burst: 20, perSecond: 2 };

/** Makes the budgets of calls; those of one caller share what it may do in a second. */
export function lookupBudgets() {
  const callers = tokenBuckets(perCaller);

  return function budgetOfCall(caller: string): LookupBudget {
    let left = perCall;
    return {
      take() {
        if (left < 1 || !callers.take(caller, 1)) {
          throw new FlowKeysError(
            'rate_limited',
            'Too many key ids or consumers were asked for that no store has. Check the names, and wait a few seconds.',
          );
        }
        left -= 1;
      },
      giveBack() {
        left += 1;
        callers.giveBack(caller);
      },
    };
  };
}
