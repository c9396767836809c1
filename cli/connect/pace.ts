import { setTimeout as sleep } from 'node:timers/promises';
import { awsErrorKind } from '../../adapters/stores/aws-errors.ts';

/** Makes calls at a limited rate. */
export type Pace = <T>(call: () => Promise<T>) => Promise<T>;

const mostAttempts = 6;

/**
 * A pace for an API that AWS throttles for the whole account. A throttled call is retried after a pause that doubles each
 * time.
 */
export function paceOf(perSecond: number): Pace {
  const interval = 1_000 / perSecond;
  let next = 0;

  async function turn(): Promise<void> {
    const now = performance.now();
    const start = Math.max(now, next);
    next = start + interval;
    if (start > now) await sleep(start - now);
  }

  return async (call) => {
    for (let attempt = 1; ; attempt += 1) {
      await turn();
      try {
        return await call();
      } catch (error) {
        if (attempt === mostAttempts || awsErrorKind(error) !== 'throttled') throw error;
        await sleep(interval * 2 ** attempt);
      }
    }
  };
}
