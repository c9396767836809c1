import { holds } from '../compare.ts';
import { type Branch, branchesOf, type FlowAction } from '../language.ts';
import type { CallState } from './state.ts';

/** The first branch whose condition holds of a value. */
export function matchingBranch(action: FlowAction, value: string, { resolve }: CallState): Branch | undefined {
  return branchesOf(action).find(
    ({ kind, operator = '', operands = [] }) => kind === 'condition' && holds(value, operator, operands.map(resolve)),
  );
}
