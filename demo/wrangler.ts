import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { announcedService, type LocalService } from './local-service.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
/** The wrangler command. */
export const wrangler = fileURLToPath(new URL('../node_modules/wrangler/bin/wrangler.js', import.meta.url));

/** Starts `wrangler dev` with these arguments. Port 0 is any free port. */
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
  return announcedService(child, /Ready on (http:\S+)\s/);
}
