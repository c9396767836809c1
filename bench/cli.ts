import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { recordingNamed } from '../test/recordings/recordings.ts';
import { median } from './measure.ts';

const rounds = 21;
const executable = fileURLToPath(new URL('../dist/cli/flow-keys.js', import.meta.url));
const { ciphertext } = recordingNamed('java rsa2048-card-number');

/** What Node is started with, by what it does. */
const starts: Readonly<Record<string, readonly string[]>> = {
  'plain Node': ['--eval', ''],
  'flow-keys inspect': [executable, 'inspect', ciphertext],
  'flow-keys token': [executable, 'token'],
  'flow-keys --help': [executable, '--help'],
};

/** From the start of a command's process to its end. */
export async function benchCli(): Promise<string> {
  const measured = new Map(Object.keys(starts).map((name): [string, number[]] => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, args] of Object.entries(starts)) measured.get(name)?.push(await measure(args));
  }
  const plain = median(measured.get('plain Node') ?? []);
  const rows = Array.from(measured, ([name, times]) => {
    const time = median(times);
    return `| ${name} | ${time.toFixed(0)} | ${(time - plain).toFixed(0)} | ${(time / plain).toFixed(2)} |`;
  });
  return `Milliseconds from the start of a command's process to its end, and how many more than a start of Node that does nothing.
Medians of ${rounds} processes that take turns.

| | ms | more than Node | ratio |
| --- | ---: | ---: | ---: |
${rows.join('\n')}
`;
}

async function measure(args: readonly string[]): Promise<number> {
  const started = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const [exitCode] = await once(child, 'exit');
  if (exitCode !== 0) throw new Error(`flow-keys ended with ${exitCode}.`);
  return performance.now() - started;
}
