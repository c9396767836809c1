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

/** A step that can be repeated after an interruption. `State` passes from one step to the next. */
export interface Step<State> {
  readonly name: string;
  /** What the plan says about the step. */
  readonly plan: string;
  /** What to ask before the step. */
  readonly question?: string;
  /** Whether the step asks by itself. */
  readonly asks?: boolean;
  isDone(state: State): Promise<boolean>;
}

export function planOf<State>(steps: readonly Step<State>[], state: State): Promise<readonly PlannedStep[]> {
  return Promise.all(
    steps.map(async ({ name, plan, question, asks = question !== undefined, isDone }) => ({
      ...{ step: name, plan, asksFirst: asks },
      isDone: await isDone(state),
    })),
  );
}
