import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type LocalService, stopProcess } from './local-service.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** wrangler's command. */
export const wrangler = fileURLToPath(new URL('../../node_modules/wrangler/bin/wrangler.js', import.meta.url));

/** Starts `wrangler dev` with further arguments; port 0 is one that is free. */
export async function startWrangler(port: number, ...args: readonly string[]): Promise<LocalService> {
  const child = spawn(
    process.execPath,
    [wrangler, 'dev', ...args, '--ip', '127.0.0.1', '--port', String(port), '--show-interactive-dev-session=false'],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, CLOUDFLARE_CF_FETCH_ENABLED: 'false', WRANGLER_SEND_METRICS: 'false' },
    },
  );
  let written = '';
  let isReady = false;
  const origin = await new Promise<string>((resolve, reject) => {
    child.once('exit', () => reject(new Error(`wrangler did not start:\n${written}`)));
    const read = (chunk: Buffer) => {
      written += chunk.toString();
      const [, url] = (isReady ? null : written.match(/Ready on (http:\S+)\s/)) ?? [];
      if (url === undefined) return;
      isReady = true;
      written = '';
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
