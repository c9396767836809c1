/** A token bucket for each caller. */
export interface TokenBuckets {
  /** Takes `count` tokens if the caller has them. A full bucket allows any count, once. */
  take(caller: string, count: number): boolean;
  giveBack(caller: string): void;
}

// The least recently seen callers are forgotten, and get full buckets again.
const maxCallers = 1_000;

/**
 * Makes the buckets, in bounded memory.
 *
 * @param burst the size of a bucket
 * @param perSecond the tokens that it gets each second
 */
export function tokenBuckets(burst: number, perSecond: number): TokenBuckets {
  const buckets = new Map<string, { left: number; at: number }>();

  function bucketOf(caller: string) {
    const time = Date.now();
    const { left, at } = buckets.get(caller) ?? { left: burst, at: time };
    const bucket = { left: Math.min(burst, left + ((time - at) / 1_000) * perSecond), at: time };
    buckets.delete(caller);
    buckets.set(caller, bucket);
    const oldest = buckets.keys().next().value;
    if (buckets.size > maxCallers && oldest !== undefined) buckets.delete(oldest);
    return bucket;
  }

  return {
    take(caller, count) {
      const bucket = bucketOf(caller);
      if (bucket.left < Math.min(count, burst)) return false;
      bucket.left -= count;
      return true;
    },
    giveBack(caller) {
      bucketOf(caller).left += 1;
    },
  };
}
