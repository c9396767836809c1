import { coloured } from './terminal.ts';

/** A step of a longer work, as a plan shows it. */
export interface PlannedStep {
  readonly step: string;
  readonly plan: string;
  readonly isDone: boolean;
  readonly asksFirst: boolean;
}

/** The steps in their order, with what is done already. */
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
