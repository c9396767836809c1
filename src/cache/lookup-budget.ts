import { FlowKeysError } from '../errors.ts';

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

export interface LookupLimits {
  /** How many names that no store has one call may ask for. Default: 8. */
  readonly perCall?: number;
  /** How many such names a caller may ask for at once. Default: 20. */
  readonly burst?: number;
  /** How many more it may ask for with every second. Default: 2. */
  readonly perSecond?: number;
  /** The time, in milliseconds. Default: `Date.now`. */
  readonly now?: () => number;
}

// The callers of one process that are remembered; those who were not heard of for longest have all of their budget again.
const maxCallers = 1_000;

/** Makes the budgets of calls, of which those of one caller share what it may do in a second. */
export function lookupBudgets({ perCall = 8, burst = 20, perSecond = 2, now = Date.now }: LookupLimits = {}) {
  const callers = new Map<string, { left: number; at: number }>();

  function budgetOf(caller: string) {
    const time = now();
    const { left, at } = callers.get(caller) ?? { left: burst, at: time };
    const current = { left: Math.min(burst, left + ((time - at) / 1_000) * perSecond), at: time };
    callers.delete(caller);
    callers.set(caller, current);
    const oldest = callers.keys().next().value;
    if (callers.size > maxCallers && oldest !== undefined) callers.delete(oldest);
    return current;
  }

  /** The budget of one call. */
  return function budgetOfCall(caller: string): LookupBudget {
    let left = perCall;
    return {
      take() {
        const shared = budgetOf(caller);
        if (left < 1 || shared.left < 1) {
          throw new FlowKeysError(
            'rate_limited',
            'Too many key ids or consumers were asked for that no store has. Check the names, and wait a few seconds.',
          );
        }
        left -= 1;
        shared.left -= 1;
      },
      giveBack() {
        left += 1;
        budgetOf(caller).left += 1;
      },
    };
  };
}
