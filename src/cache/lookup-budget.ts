import { FlowKeysError } from '../errors.ts';
import { tokenBuckets } from '../token-buckets.ts';

/**
 * How many names a call may still have looked up of which nothing is known. A name that the store has costs nothing in
 * the end, so the budget is for names that are invented: each would cost a store request.
 */
export interface LookupBudget {
  /** Calls of one scope share their lookups in flight. Default: they share them with all calls that have none. */
  readonly scope: object | undefined;
  /**
   * Takes a lookup.
   *
   * @returns what is told, when it is over, whether the store has the name
   * @throws FlowKeysError `rate_limited` when nothing is left
   */
  take(name: string): (isFound: boolean) => void;
}

// Of names that no store has: for one call, and for a caller at once and with every second.
const perCall = 8;
const perCaller = { burst: 20, perSecond: 2 };
// Many calls may ask for one name at once, when it is not cached yet. Where they do not share a lookup, as in a Worker,
// each is a store request.
const maxInFlight = 100;

/**
 * Makes the budgets of calls; those of one caller share what it may do in a second.
 *
 * @param isShared whether calls share their lookups in flight. A Worker's requests must not: the runtime cancels what one
 *   request awaits of another.
 */
export function lookupBudgets({ isShared }: { readonly isShared: boolean }) {
  const callers = tokenBuckets(perCaller);
  const inFlight = new Map<string, number>();

  function land(name: string): void {
    const others = (inFlight.get(name) ?? 1) - 1;
    if (others === 0) inFlight.delete(name);
    else inFlight.set(name, others);
  }

  return function budgetOfCall(caller: string): LookupBudget {
    let left = perCall;
    return {
      scope: isShared ? undefined : {},
      take(name) {
        const others = inFlight.get(name) ?? 0;
        const isFirst = others === 0;
        if (others >= maxInFlight || (isFirst && (left < 1 || !callers.take(caller, 1)))) throw tooMany();
        if (isFirst) left -= 1;
        inFlight.set(name, others + 1);
        return (isFound) => {
          land(name);
          if (!isFirst || !isFound) return;
          left += 1;
          callers.giveBack(caller);
        };
      },
    };
  };
}

function tooMany(): FlowKeysError {
  return new FlowKeysError(
    'rate_limited',
    'Too many key ids or consumers were asked for that no store has. Check the names, and wait a few seconds.',
  );
}
