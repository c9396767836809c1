import { Writable } from 'node:stream';
import { main } from '../cli/main.ts';
import { examples } from '../cli/output/examples.ts';

/** docs/command-line.md: the help of each command. */
export async function commandLinePage(): Promise<string> {
  // Help is wrapped to the width of the terminal.
  Reflect.set(process.stdout, 'isTTY', false);
  const sections: string[] = [];
  for (const words of Object.keys(examples).filter((name) => !['help', 'version', 'completion'].includes(name))) {
    const command = words.split(' ').filter(Boolean);
    const heading = `${'#'.repeat(command.length + 2)} \`${['flow-keys', ...command].join(' ')}\``;
    sections.push(`${heading}\n\n\`\`\`text\n${await helpOf(command)}\n\`\`\`\n`);
  }
  return `# Command line

The help of each command. This page is generated: \`node build/reference.ts\`.

${sections.join('\n')}`;
}

async function helpOf(command: readonly string[]): Promise<string> {
  let help = '';
  const stdout = new Writable({
    decodeStrings: false,
    write(text, _, done) {
      help += text;
      done();
    },
  });
  await main([...command, '--help'], { stdout, stderr: process.stderr });
  return help.trim();
}
