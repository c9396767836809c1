import { type Branch, branchesOf, type FlowAction } from '../language.ts';
import type { CallEnd } from './transcript.ts';

/** What a block did: the branch that it takes, or the end of the call. With neither, the call is lost. */
export interface Outcome {
  readonly branch?: Branch | undefined;
  readonly end?: Omit<CallEnd, 'block'>;
  readonly said?: string;
  readonly details?: readonly string[];
}

export function successBranch(action: FlowAction): Branch | undefined {
  return branchesOf(action).find(({ kind }) => kind === 'next');
}

/** The branch of an error; where none is named, of the errors that no other branch takes. */
export function errorBranch(action: FlowAction, type = 'NoMatchingError'): Branch | undefined {
  return branchesOf(action).find(({ kind, name }) => kind === 'error' && name === type);
}

/** A branch by an error type, `Error`, `Success`, a condition in words, or one of its operands. */
export function branchNamed(action: FlowAction, name: string): Branch | undefined {
  const branches = branchesOf(action);
  const type = name === 'Error' ? 'NoMatchingError' : name;
  return branches.find((branch) => branch.name === type) ?? branches.find(({ operands }) => operands?.includes(name));
}
