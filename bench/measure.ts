/** What something takes, in milliseconds: on the clock, and of the processor, in all threads. */
export interface Cost {
  readonly wall: number;
  readonly cpu: number;
}

/** A contender that can be measured, for one decrypt or whatever it does. */
export interface Measurable {
  readonly name: string;
  measure(count: number, concurrency: number): Promise<Cost>;
}

/** Runs `count` times, with `concurrency` of them under way at once. */
export async function repeat(run: () => Promise<unknown>, count: number, concurrency: number): Promise<void> {
  let left = count;
  async function caller(): Promise<void> {
    while (left > 0) {
      left -= 1;
      await run();
    }
  }
  await Promise.all(Array.from({ length: concurrency }, caller));
}

/** What runs in this process. */
export function here(name: string, run: () => Promise<unknown>): Measurable {
  return {
    name,
    async measure(count, concurrency) {
      const [started, before] = [performance.now(), process.cpuUsage()];
      await repeat(run, count, concurrency);
      const { user, system } = process.cpuUsage(before);
      return { wall: (performance.now() - started) / count, cpu: (user + system) / 1_000 / count };
    },
  };
}

const rounds = 15;

/** The median of each contender's batches. They take turns, so that a slow moment of the machine meets all. */
export async function medians(
  contenders: readonly Measurable[],
  count: number,
  concurrency: number,
): Promise<ReadonlyMap<string, Cost>> {
  const batches = new Map(contenders.map(({ name }): [string, Cost[]] => [name, []]));
  for (const { measure } of contenders) await measure(count, concurrency);
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, measure } of contenders) batches.get(name)?.push(await measure(count, concurrency));
  }
  return new Map(
    Array.from(batches, ([name, costs]) => [
      name,
      { wall: median(costs.map(({ wall }) => wall)), cpu: median(costs.map(({ cpu }) => cpu)) },
    ]),
  );
}

export function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** `1.52 (1.04)`: milliseconds, and the ratio to what it is measured by. */
export function compared(value: number | undefined, base: number | undefined): string {
  if (value === undefined || base === undefined) return '';
  return `${value.toFixed(2)} (${(value / base).toFixed(2)})`;
}
