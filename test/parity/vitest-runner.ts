import { describe, inject, it } from 'vitest';
import { coreCases, vectorCases } from './core.ts';
import { kitCases } from './kit.ts';
import type { NamedCase } from './named-case.ts';

/** Runs cases of the parity suite as tests of vitest. */
export function runWithVitest(title: string, cases: readonly NamedCase[]): void {
  describe(title, () => {
    it.for(cases.map(({ name, run }) => [name, run] as const))('%s', ([, run]) => run());
  });
}

/** What the core does, in the runtime that vitest runs this in. */
export function runCore(runtime: string): void {
  runWithVitest(`On ${runtime},`, [...coreCases(), ...kitCases()]);
  const vectors = inject('vectors');
  if (vectors === null) it.skip("AWS's test vectors: ../shared is absent");
  else runWithVitest(`On ${runtime},`, vectorCases(vectors));
}
