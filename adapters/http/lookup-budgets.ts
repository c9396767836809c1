import type { LookupBudget } from '../../src/index.ts';
import { lookupBudget, tooManyLookups } from '../../src/internal.ts';
import { isWorker } from './runtime.ts';
import { tokenBuckets } from './token-buckets.ts';

// Names that no store has: for a caller at once, and with every second.
const perCaller = { burst: 20, perSecond: 2 };
// Many calls may ask for one name at once, when it is not cached yet. Where they do not share a lookup, as in a Worker,
// each is a store request.
const maxInFlight = 100;

/** Makes the lookup budgets of calls, by the caller's name; the calls of one caller share what it may do in a second. */
export function callersLookupBudgets() {
  const callers = tokenBuckets(perCaller);
  const inFlight = new Map<string, number>();

  function land(name: string): void {
    const others = (inFlight.get(name) ?? 1) - 1;
    if (others === 0) inFlight.delete(name);
    else inFlight.set(name, others);
  }

  return (caller: string): LookupBudget => {
    const call = lookupBudget();

    /** Takes the first lookup of a name; those at the same time are free. */
    function takeFirst(name: string): (isFound: boolean) => void {
      const done = call.take(name);
      if (!callers.take(caller, 1)) throw tooManyLookups();
      return (isFound) => {
        done(isFound);
        if (isFound) callers.giveBack(caller);
      };
    }

    return {
      // The runtime cancels what one request of a Worker awaits of another.
      ...(isWorker && { scope: {} }),
      take(name) {
        const others = inFlight.get(name) ?? 0;
        if (others >= maxInFlight) throw tooManyLookups();
        const done = others === 0 ? takeFirst(name) : undefined;
        inFlight.set(name, others + 1);
        return (isFound) => {
          land(name);
          done?.(isFound);
        };
      },
    };
  };
}
