import { holds } from '../compare.ts';
import { type Branch, branchesOf, type FlowAction } from '../language.ts';
import type { CallState } from './state.ts';
import type { CallEnd } from './transcript.ts';

/** The branch that a block takes, or the end of the call. With neither, the call is lost. */
export interface Outcome {
  readonly branch?: Branch | undefined;
  readonly end?: Omit<CallEnd, 'block'>;
  readonly said?: string;
  readonly details?: readonly string[];
}

export function successBranch(action: FlowAction): Branch | undefined {
  return branchesOf(action).find(({ kind }) => kind === 'next');
}

/** The first branch whose condition the value meets. */
export function matchingBranch(action: FlowAction, value: string, { resolve }: CallState): Branch | undefined {
  return branchesOf(action).find(
    ({ kind, operator = '', operands = [] }) => kind === 'condition' && holds(value, operator, operands.map(resolve)),
  );
}

/** The branch for an error type. Default: the one for all other errors. */
export function errorBranch(action: FlowAction, type = 'NoMatchingError'): Branch | undefined {
  return branchesOf(action).find(({ kind, name }) => kind === 'error' && name === type);
}

/** The branch with a name: an error type, `Error`, `Success`, a condition in words, or one of its operands. */
export function branchNamed(action: FlowAction, name: string): Branch | undefined {
  const branches = branchesOf(action);
  const type = name === 'Error' ? 'NoMatchingError' : name;
  return branches.find((branch) => branch.name === type) ?? branches.find(({ operands }) => operands?.includes(name));
}
