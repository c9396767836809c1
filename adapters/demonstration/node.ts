import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type LocalService, stopProcess } from './local-service.ts';

/** The built command line. */
export const flowKeys = fileURLToPath(new URL('../../dist/cli/flow-keys.js', import.meta.url));

/** Starts `flow-keys serve` on Node, at a port that is free, with further arguments and environment variables. */
export async function startNode(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  program = flowKeys,
): Promise<LocalService> {
  const child = spawn(process.execPath, [program, 'serve', '--port', '0', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], ...environment },
  });
  let written = '';
  const origin = await new Promise<string>((resolve, reject) => {
    child.once('exit', () => reject(new Error(`The server did not start:\n${written}`)));
    const read = (chunk: Buffer) => {
      written += chunk.toString();
      const [line, url] = written.match(/^.*"message":"listening","origin":"([^"]+)".*\n/) ?? [];
      if (line === undefined || url === undefined) return;
      written = written.replace(line, '');
      resolve(url);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
  });
  return {
    origin,
    processId: child.pid ?? 0,
    async stop() {
      await stopProcess(child);
      return written;
    },
  };
}
