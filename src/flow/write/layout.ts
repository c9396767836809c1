import type { FlowAction, FlowDocument } from '../language.ts';

/** A block of a successful call, and the blocks drawn below it, for calls that fail there. */
export interface Step {
  readonly block: FlowAction;
  readonly below?: readonly FlowAction[];
}

const column = 260;
const row = 220;

/** Lays out a flow for the editor: a successful call in the first row, the rest below. */
export function layOut(name: string, steps: readonly Step[]): FlowDocument {
  const placed = steps.flatMap(({ block, below = [] }, x) =>
    [block, ...below].map((action, y) => ({ action, position: { x: 200 + x * column, y: y * row } })),
  );
  return {
    Version: '2019-10-30',
    StartAction: steps[0]?.block.Identifier ?? '',
    Metadata: {
      entryPointPosition: { x: 20, y: 0 },
      name,
      ActionMetadata: Object.fromEntries(
        placed.map(({ action, position }) => [action.Identifier, { position, isFriendlyName: true }]),
      ),
    },
    Actions: placed.map(({ action }) => action),
  };
}
