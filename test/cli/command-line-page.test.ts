import { expect, it } from 'vitest';
import { examples } from '../../cli/output/examples.ts';
import { runCli } from '../support/cli.ts';

it('docs/command-line.md matches the help of each command; run this test with -u to update it', async () => {
  const sections: string[] = [];
  for (const words of Object.keys(examples).filter((name) => !['help', 'version', 'completion'].includes(name))) {
    const command = words.split(' ').filter(Boolean);
    const { stdout } = await runCli([...command, '--help']);
    const heading = `${'#'.repeat(command.length + 2)} \`${['flow-keys', ...command].join(' ')}\``;
    sections.push(`${heading}\n\n\`\`\`text\n${stdout.trim()}\n\`\`\`\n`);
  }
  const page = `# Command line

The help of each command. This page is generated: \`vitest run --project node test/cli/command-line-page.test.ts -u\`.

${sections.join('\n')}`;
  expect(page).toContain('## `flow-keys rotate`');
  await expect(page).toMatchFileSnapshot('../../docs/command-line.md');
});
