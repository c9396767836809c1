import { expect, it } from 'vitest';
import { runCli } from '../support/cli.ts';

/** The help of a command and of each command below it, as sections. */
async function sections(command: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await runCli([...command, '--help']);
  const [, listed = ''] = stdout.split('\nCommands:\n');
  const names = [...listed.matchAll(/^ {2}([a-z][a-z-]*)/gm)]
    .map(([, name = '']) => name)
    .filter((name) => name !== 'help');
  const heading = `${'#'.repeat(command.length + 2)} \`${['flow-keys', ...command].join(' ')}\``;
  const below: string[] = [];
  for (const name of names) below.push(...(await sections([...command, name])));
  return [`${heading}\n\n\`\`\`text\n${stdout.trim()}\n\`\`\`\n`, ...below];
}

it('docs/command-line.md is the help of each command; if not, run this test with -u', async () => {
  const page = `# Command line

The help of each command. This page is generated: \`vitest run --project node test/cli/command-line-page.test.ts -u\`.

${(await sections([])).join('\n')}`;
  expect(page).toContain('## `flow-keys rotate`');
  await expect(page).toMatchFileSnapshot('../../docs/command-line.md');
});
