import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { flowKeys } from '../../demo/node.ts';
import { wrangler } from '../../demo/wrangler.ts';
import { awsCommandLine } from '../support/python.ts';
import { root } from './stack.ts';

const run = promisify(execFile);

/** A fenced block of a document, after a comment such as `<!-- commands: lambda -->`. */
export async function blockOf(document: string, comment: string): Promise<string> {
  const text = await readFile(join(root, document), 'utf8');
  const [, block = ''] = text.match(new RegExp(`<!-- ${comment} -->[^\`]*\`\`\`\\w+\n(.*?)\`\`\``, 's')) ?? [];
  expect(block).not.toBe('');
  return block;
}

export async function commandsOf(document: string, name: string): Promise<readonly string[]> {
  return (await blockOf(document, `commands: ${name}`)).trim().split('\n');
}

/** Replaces the commands that are not run here, because they need an account or have already run. */
export function replaced(
  commands: readonly string[],
  replacements: readonly (readonly [text: string, other: string])[],
): readonly string[] {
  for (const [text] of replacements) {
    expect(commands.some((command) => command.includes(text))).toBe(true);
  }
  return commands.map((command) =>
    replacements.reduce((changed, [text, other]) => changed.replaceAll(text, other), command),
  );
}

// wrangler builds the Worker first; here it is built already.
const manifest = { type: 'module', scripts: { 'build:worker': 'true' } };

/** A folder in which `npx flow-keys` and `npx wrangler` run, and the package can be imported, as in a clone. */
export async function makeClone(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'clone-'));
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
  await mkdir(join(folder, 'node_modules/.bin'), { recursive: true });
  await symlink(flowKeys, join(folder, 'node_modules/.bin/flow-keys'));
  await symlink(wrangler, join(folder, 'node_modules/.bin/wrangler'));
  await symlink(root, join(folder, 'node_modules/flow-security-keys'));
  return folder;
}

export async function bash(
  folder: string,
  commands: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const path = [dirname(process.execPath), dirname(awsCommandLine), process.env['PATH']].join(':');
  const env = { HOME: folder, PATH: path, TMPDIR: folder, ...environment };
  const { stdout } = await run('setsid', ['--wait', 'bash', '-euc', commands.join('\n')], { cwd: folder, env });
  return stdout;
}

/** The first of commands that leave a process running. It stops their process group. */
export const endsAll = "trap 'trap : TERM; kill 0' EXIT";

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('There is no free port.');
  return address.port;
}
