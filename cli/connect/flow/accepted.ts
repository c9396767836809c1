import { type FindingCode, type FlowFinding, findingKinds } from '../../../src/flow/index.ts';
import { CommandError } from '../../output/command-error.ts';

/** A reviewed and accepted finding. */
export interface Accepted {
  readonly code: FindingCode;
  /** The block's identifier; `undefined` accepts the code in every block. */
  readonly block: string | undefined;
}

/**
 * Parses accepted findings, `code` or `code:block`, from options and from the lines of a file. `#` starts a comment.
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
  throw new CommandError(
    'invalid_option',
    `"${code}" is not a finding code; docs/flows.md lists them. Write code or code:block.`,
  );
}

function isCode(text: string): text is FindingCode {
  return Object.hasOwn(findingKinds, text);
}

export function isAccepted({ code, block }: FlowFinding, accepted: readonly Accepted[]): boolean {
  return accepted.some((entry) => entry.code === code && (entry.block === undefined || entry.block === block));
}
