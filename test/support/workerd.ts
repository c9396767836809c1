import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { unstable_readConfig } from 'wrangler';
import { type LocalService, stopProcess } from '../../demo/local-service.ts';

// The workerd that wrangler installs.
const workerd: string = createRequire(import.meta.resolve('wrangler'))('workerd').default;
const builtWorker = fileURLToPath(new URL('../../dist/worker/index.js', import.meta.url));

// Cancels every call after half a second. workerd tells a Worker that its client disconnected only if the client is another
// Worker (or, in production, Cloudflare's edge), not when a socket closes.
const impatientClient = `export default {
  fetch: (request, { SERVICE }) => SERVICE.fetch(request, { signal: AbortSignal.timeout(500) })
    .catch(() => new Response('cancelled', { status: 499 })),
};`;

export interface BareWorkerd extends LocalService {
  /** The same Worker behind a client that cancels each call after half a second, and then answers 499. */
  readonly impatientOrigin: string;
}

/**
 * The built Worker, or another script, on workerd with the compatibility date and flags of `wrangler.toml`, without the
 * proxies of wrangler.
 */
export async function startWorkerd(
  bindings: Readonly<Record<string, string>>,
  worker = builtWorker,
): Promise<BareWorkerd> {
  const folder = await mkdtemp(join(tmpdir(), 'workerd-'));
  const configuration = join(folder, 'config.capnp');
  await writeFile(configuration, capnp(bindings, worker));
  const child = spawn(workerd, ['serve', configuration, '--import-path=/', '--control-fd=3'], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  let written = '';
  for (const output of [child.stdout, child.stderr]) {
    output?.on('data', (chunk) => {
      written += chunk;
    });
  }
  const control = child.stdio[3];
  if (control === null || control === undefined || !('read' in control)) throw new Error('workerd tells no ports.');
  const ports = new Map<string, number>();
  for await (const line of createInterface({ input: control })) {
    const { socket, port }: { socket: string; port: number } = JSON.parse(line);
    ports.set(socket, port);
    if (ports.size === 2) break;
  }
  if (ports.size < 2) throw new Error(`workerd did not start:\n${written}`);
  return {
    origin: `http://127.0.0.1:${ports.get('service')}`,
    processId: child.pid ?? 0,
    impatientOrigin: `http://127.0.0.1:${ports.get('impatient')}`,
    async stop() {
      await stopProcess(child);
      await rm(folder, { recursive: true });
      return written;
    },
  };
}

function capnp(bindings: Readonly<Record<string, string>>, worker: string): string {
  const { compatibility_date: date, compatibility_flags: flags } = unstable_readConfig({ config: 'wrangler.toml' });
  const compatibility = `compatibilityDate = ${JSON.stringify(date)}, compatibilityFlags = ${JSON.stringify(flags)}`;
  const texts = Object.entries(bindings).map(([name, text]) => `(name = "${name}", text = ${JSON.stringify(text)})`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "service", worker = .service),
    (name = "impatient", worker = .impatient),
    (name = "internet", network = (allow = ["local"])),
  ],
  sockets = [
    (name = "service", address = "127.0.0.1:0", http = (), service = "service"),
    (name = "impatient", address = "127.0.0.1:0", http = (), service = "impatient"),
  ],
);
const service :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed ${JSON.stringify(worker)})],
  bindings = [${texts.join(', ')}],
  ${compatibility},
);
const impatient :Workerd.Worker = (
  modules = [(name = "worker", esModule = ${JSON.stringify(impatientClient)})],
  bindings = [(name = "SERVICE", service = "service")],
  ${compatibility},
);
`;
}
