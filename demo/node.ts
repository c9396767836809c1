import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { announcedService, type LocalService } from './local-service.ts';

/** The built command line. */
export const flowKeys = fileURLToPath(new URL('../dist/cli/flow-keys.js', import.meta.url));

/** Starts `flow-keys serve` on Node, on a free port, with these arguments and environment variables. */
export async function startNode(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  program = flowKeys,
): Promise<LocalService> {
  const child = spawn(process.execPath, [program, 'serve', '--port', '0', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], ...environment },
  });
  return announcedService(child, /"message":"listening","origin":"([^"]+)".*\n/);
}
