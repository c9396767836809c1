import { assertInTime } from './deadline.ts';

// As many as keep two cores busy with decrypting, so that one request's work leaves room for another's.
const decryptsAtOnce = 8;

/**
 * Runs on each item, a bounded number at once, and gives the outcomes in the order of the items. Once the signal is
 * aborted, the items that were not begun fail with FlowKeysError `deadline_exceeded`.
 *
 * @param atOnce how many run at once. Default: as many decrypts as leave room for other requests.
 */
export async function settleAll<Item, Outcome>(
  items: readonly Item[],
  signal: AbortSignal | undefined,
  run: (item: Item, index: number) => Promise<Outcome>,
  atOnce = decryptsAtOnce,
): Promise<readonly PromiseSettledResult<Outcome>[]> {
  const outcomes: PromiseSettledResult<Outcome>[] = [];
  const waiting = items.entries();
  // All of them take from the same iterator.
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
