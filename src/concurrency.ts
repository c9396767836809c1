import { assertInTime } from './deadline.ts';

// Enough to keep two cores busy, few enough that one request leaves room for others.
const decryptsAtOnce = 8;

/**
 * Runs on each item, a limited number at once, and returns the outcomes in the order of the items. Once the signal is
 * aborted, the remaining items fail with FlowKeysError `deadline_exceeded`.
 *
 * @param atOnce how many run at once. Default: 8
 */
export async function settleAll<Item, Outcome>(
  items: readonly Item[],
  signal: AbortSignal | undefined,
  run: (item: Item, index: number) => Promise<Outcome>,
  atOnce = decryptsAtOnce,
): Promise<readonly PromiseSettledResult<Outcome>[]> {
  const outcomes: PromiseSettledResult<Outcome>[] = [];
  const waiting = items.entries();
  // The workers share one iterator.
  async function work(): Promise<void> {
    for (const [index, item] of waiting) outcomes[index] = await settle(item, index);
  }
  async function settle(item: Item, index: number): Promise<PromiseSettledResult<Outcome>> {
    try {
      assertInTime(signal);
      return { status: 'fulfilled', value: await run(item, index) };
    } catch (reason) {
      return { status: 'rejected', reason };
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, work));
  return outcomes;
}

/** Waits for all promises and returns what was fulfilled. Throws the first rejection when nothing was. */
export async function fulfilledOf<Outcome>(promises: readonly Promise<Outcome>[]): Promise<readonly Outcome[]> {
  const outcomes = await Promise.allSettled(promises);
  const fulfilled = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (fulfilled.length === 0 && failure !== undefined) throw failure.reason;
  return fulfilled;
}
