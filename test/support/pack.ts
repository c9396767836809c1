import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Packs the package for publication, and returns the file name of the tarball. */
export async function packInto(folder: string): Promise<string> {
  const options = ['--json', '--ignore-scripts', '--pack-destination', folder];
  const { stdout } = await run('npm', ['pack', ...options], { cwd: root });
  const [tarball] = Object.values<{ filename: string }>(JSON.parse(stdout));
  if (tarball === undefined) throw new Error('npm packed nothing.');
  return tarball.filename;
}
