import { coloured } from './terminal.ts';

/** A step of a rotation or a setup, as the plan shows it. */
export interface PlannedStep {
  readonly step: string;
  readonly plan: string;
  readonly isDone: boolean;
  readonly asksFirst: boolean;
}

/** The numbered steps; those that are done are marked. */
export function describePlan(plan: readonly PlannedStep[]): string {
  const width = Math.max(...plan.map(({ step }) => step.length));
  const lines = plan.map(({ step, plan: what, isDone, asksFirst }, index) => {
    const line = `${index + 1}. ${step.padEnd(width)}  ${what}`;
    return isDone
      ? coloured('dim', `${line} (done)`)
      : `${line}${asksFirst ? coloured('yellow', ' (asks first)') : ''}`;
  });
  return lines.join('\n');
}
