export interface TokenBucketOptions {
  /** How many may be taken at once. */
  readonly burst: number;
  /** How many are added with every second. */
  readonly perSecond: number;
  /** The time, in milliseconds. Default: `Date.now`. */
  readonly now?: () => number;
}

/** A token bucket for each caller. */
export interface TokenBuckets {
  /** Takes so many, if the caller has as many; a caller who has all it can have may take more than that once. */
  take(caller: string, count: number): boolean;
  giveBack(caller: string): void;
}

// Those who were not heard of for longest are forgotten, and have full buckets again.
const maxCallers = 1_000;

/** Makes the buckets, in bounded memory. */
export function tokenBuckets({ burst, perSecond, now = Date.now }: TokenBucketOptions): TokenBuckets {
  const buckets = new Map<string, { left: number; at: number }>();

  function bucketOf(caller: string) {
    const time = now();
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
