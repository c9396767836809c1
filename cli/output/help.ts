import { type Command, Help, Option } from 'commander';
import { examples } from './examples.ts';

/** The headings of option groups, in order. A command's own options come before them. */
export const optionGroups = {
  flow: 'Flow options:',
  key: 'Key options:',
  store: 'Store options:',
  aws: 'AWS options:',
  general: 'General options:',
} as const;

const order: readonly (string | undefined)[] = [undefined, ...Object.values(optionGroups)];

/** Adds examples to a command's help, and sorts its options. */
export function withHelp(command: Command): void {
  const words = wordsOf(command);
  const lines = examples[words.join(' ')] ?? [];
  const heading = lines.length === 1 ? 'Example' : 'Examples';
  if (lines.length > 0) command.addHelpText('after', `\n${heading}:\n${lines.map((line) => `  ${line}`).join('\n')}`);
  command.addHelpOption(new Option('-h, --help', 'show this help').helpGroup(optionGroups.general));
  command.configureHelp({
    visibleOptions(shown) {
      return Help.prototype.visibleOptions.call(this, shown).sort((one, other) => rank(one) - rank(other));
    },
    groupItems: (_, visible, groupOf) => Map.groupBy(visible, groupOf),
  });
}

function rank({ helpGroupHeading }: Option): number {
  return order.indexOf(helpGroupHeading);
}

function wordsOf(command: Command): readonly string[] {
  return command.parent === null ? [] : [...wordsOf(command.parent), command.name()];
}
