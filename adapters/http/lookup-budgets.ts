import type { LookupBudget } from '../../src/index.ts';
import { lookupBudget, tooManyLookups } from '../../src/internal.ts';
import { isWorker } from './runtime.ts';
import { tokenBuckets } from './token-buckets.ts';

// Lookups of unknown names that a caller may make at once, and more each second.
const burst = 20;
const perSecond = 2;
// Many calls may need the same name before it is cached. If they do not share a lookup, as in a Worker, each one is a
// request to the store.
const maxInFlight = 100;

/** Makes a lookup budget for each call. The calls of one caller share its limit per second. */
export function callersLookupBudgets() {
  const callers = tokenBuckets(burst, perSecond);
  const inFlight = new Map<string, number>();

  function finish(name: string): void {
    const others = (inFlight.get(name) ?? 1) - 1;
    if (others === 0) inFlight.delete(name);
    else inFlight.set(name, others);
  }

  return (caller: string): LookupBudget => {
    const call = lookupBudget();

    /** Takes the first lookup of a name. Others at the same time are free. */
    function takeFirst(name: string): (isFound: boolean) => void {
      const done = call.take(name);
      if (!callers.take(caller, 1)) throw tooManyLookups();
      return (isFound) => {
        done(isFound);
        if (isFound) callers.giveBack(caller);
      };
    }

    return {
      // A Worker's runtime cancels a request that awaits what another request started.
      ...(isWorker && { scope: {} }),
      take(name) {
        const others = inFlight.get(name) ?? 0;
        if (others >= maxInFlight) throw tooManyLookups();
        const done = others === 0 ? takeFirst(name) : undefined;
        inFlight.set(name, others + 1);
        return (isFound) => {
          finish(name);
          done?.(isFound);
        };
      },
    };
  };
}
