import { type FindingCode, type FlowFinding, findingKinds } from '../../../src/flow/index.ts';
import { CommandError } from '../../output/command-error.ts';

/** A finding that somebody has looked at, and takes as it is. */
export interface Accepted {
  readonly code: FindingCode;
  /** The block; absent where the code is accepted in every block. */
  readonly block: string | undefined;
}

/**
 * The accepted findings of `--accept code[:block]`, and of a file with one a line; `#` begins a comment.
 *
 * @throws CommandError `invalid_option`
 */
export function parseAccepted(options: readonly string[], file: string): readonly Accepted[] {
  const lines = file.split(/\r?\n/).map((line) => line.replace(/(^|\s)#.*$/, '').trim());
  return [...options, ...lines].filter((text) => text !== '').map(parse);
}

function parse(text: string): Accepted {
  const [, code = '', block] = text.match(/^([^:]*)(?::(.+))?$/) ?? [];
  if (isCode(code)) return { code, block: block?.trim() };
  const message = `"${code}" is not the code of a finding; docs/flows.md lists the codes. Write code or code:block.`;
  throw new CommandError('invalid_option', message);
}

function isCode(text: string): text is FindingCode {
  return Object.hasOwn(findingKinds, text);
}

export function isAccepted({ code, block }: FlowFinding, accepted: readonly Accepted[]): boolean {
  return accepted.some((entry) => entry.code === code && (entry.block === undefined || entry.block === block));
}
