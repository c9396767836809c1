import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import packageJson from '../../package.json' with { type: 'json' };

/** An npm registry on loopback that has this package alone: Deno installs no tarball that is a file. */
export interface Registry {
  readonly url: string;
  stop(): Promise<void>;
}

export async function startRegistry(tarball: string): Promise<Registry> {
  const bytes = await readFile(tarball);
  const { name, version } = packageJson;
  const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
  const server = createServer(({ url, headers }, response) => {
    if (url?.endsWith('.tgz')) return response.end(bytes);
    const dist = { integrity, tarball: `http://${headers.host}/package.tgz` };
    const versions = { [version]: { ...packageJson, dist } };
    return response.end(JSON.stringify({ name, 'dist-tags': { latest: version }, versions }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
