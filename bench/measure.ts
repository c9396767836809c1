/** A contender that can be measured, in milliseconds a decrypt. */
export interface Measurable {
  readonly name: string;
  measure(decrypts: number, concurrency: number): Promise<number>;
}

/** Decrypts `decrypts` times, with `concurrency` of them under way at once. */
export async function repeat(decrypt: () => Promise<unknown>, decrypts: number, concurrency: number): Promise<void> {
  let left = decrypts;
  async function caller(): Promise<void> {
    while (left > 0) {
      left -= 1;
      await decrypt();
    }
  }
  await Promise.all(Array.from({ length: concurrency }, caller));
}

const rounds = 15;

/** The median of each contender's batches. They take turns, so that a slow moment of the machine meets all. */
export async function medians(
  contenders: readonly Measurable[],
  decrypts: number,
  concurrency: number,
): Promise<ReadonlyMap<string, number>> {
  const batches = new Map(contenders.map(({ name }): [string, number[]] => [name, []]));
  for (const { measure } of contenders) await measure(decrypts, concurrency);
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, measure } of contenders) batches.get(name)?.push(await measure(decrypts, concurrency));
  }
  return new Map(Array.from(batches, ([name, times]) => [name, median(times)]));
}

export function median(times: readonly number[]): number {
  return times.toSorted((left, right) => left - right)[Math.floor(times.length / 2)] ?? Number.NaN;
}
