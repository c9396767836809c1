import { describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { runCli } from '../support/cli.ts';
import { documents, readDocument } from '../support/documents.ts';

// docs/command-line.md is left out: test/reference.test.ts compares it with the help.
const read = documents.filter((name) => name !== 'docs/command-line.md');

/** The contents of fenced blocks and code spans in a Markdown text, one command per line. */
function codeOf(text: string): string {
  const code = Array.from(text.matchAll(/^ *```\w*\n(.*?)^ *```|`([^`]+)`/gms), ([, block, span]) => block ?? span);
  return code.join('\n').replaceAll('\\\n', ' ');
}

interface Command {
  readonly options: ReadonlySet<string>;
  readonly subcommands: ReadonlySet<string>;
}

const commands = new Map<string, Promise<Command>>();

/** The commands and options that the help of a command lists. */
async function command(words: readonly string[]): Promise<Command> {
  const { stdout } = await runCli([...words, '--help']);
  const names = (pattern: RegExp) => new Set(Array.from(stdout.matchAll(pattern), ([, name = '']) => name));
  const [list = ''] = stdout.split(/^Exit codes|^Examples?:/m);
  const groups = list.split(/\n\n/).filter((group) => !/^(Usage|Arguments|[\w ]*[oO]ptions):/.test(group));
  return {
    options: names(/^ {2}(?:-\w, )?(--[\w-]+)/gm),
    subcommands: new Set(groups.join('\n').match(/(?<=^ {2})\w+/gm)),
  };
}

function known(words: readonly string[]): Promise<Command> {
  const name = words.join(' ');
  const found = commands.get(name) ?? command(words);
  commands.set(name, found);
  return found;
}

/** The part of an invocation that the command line does not know, if any. */
async function unknownIn(invocation: string): Promise<readonly string[]> {
  const words = invocation.trim().split(/\s+/);
  const path: string[] = [];
  let found = await known(path);
  for (const word of words) {
    if (word.startsWith('-') || found.subcommands.size === 0) break;
    if (!found.subcommands.has(word)) return [`flow-keys ${[...path, word].join(' ')}`];
    path.push(word);
    found = await known(path);
  }
  const options = words.flatMap((word) => word.match(/^--[\w-]+/)?.[0] ?? []);
  return options
    .filter((option) => !found.options.has(option))
    .map((option) => `flow-keys ${path.join(' ')} ${option}`);
}

/** The unknown parts of all invocations in a piece of code. */
async function unknownOf(code: string): Promise<readonly string[]> {
  // A process substitution belongs to another program.
  const commandLines = code.replaceAll(/<\([^()]*\)/g, 'FILE');
  const invocations = Array.from(commandLines.matchAll(/\bflow-keys +([^\n|&;>)"#]+)/g), ([, rest = '']) => rest);
  return (await Promise.all(invocations.map(unknownIn))).flat();
}

it('An unknown command or option of flow-keys is found in fenced blocks and code spans', async () => {
  const text = `
\`flow-keys rotate --publish\`, or

   \`\`\`sh
   KEY_ID=$(npx flow-keys keys upload --store ssm | tail -1)
   npx flow-keys flow check <(age --decrypt flow.age) \\
     --instance $INSTANCE --verbose
   \`\`\``;
  const expected = ['flow-keys rotate --publish', 'flow-keys keys upload', 'flow-keys flow check --verbose'];
  expect(await unknownOf(codeOf(text))).toEqual(expected);
});

describe.each(read)('%s', (document) => {
  const code = codeOf(readDocument(document));

  it('names only commands and options that flow-keys has', async () => {
    expect(await unknownOf(code)).toEqual([]);
  });

  it('names only scripts that package.json has', () => {
    const scripts = Array.from(code.matchAll(/\bnpm (?:run (?:--silent )?([\w:-]+)|(test|start)\b)/g));
    for (const [, named, short = ''] of scripts) expect(Object.keys(packageJson.scripts)).toContain(named ?? short);
  });
});
