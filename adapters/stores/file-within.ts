import { constants, type Stats } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { FlowKeysError } from '../../src/index.ts';

export interface FileWithin {
  readonly directory: string;
  /** Below the directory. */
  readonly path: readonly string[];
  /** Why a file is not taken; `undefined` where it is. */
  objection(stats: Stats): string | undefined;
  /** The error for a file that is not there to be read: `what` is the matter with it. */
  refuse(what: string, cause?: unknown): FlowKeysError;
}

/**
 * The text of a file in a directory; `undefined` where there is none. Links are followed within the directory (as
 * mounted secrets have them), and never out of it.
 *
 * @throws FlowKeysError as `refuse` makes it
 */
export async function readFileWithin(file: FileWithin): Promise<string | undefined> {
  // Mounted secrets are replaced by changing a link, which may be between two steps of the first reading.
  return (await readOnce(file)) ?? (await readOnce(file));
}

async function readOnce({ directory, path, objection, refuse }: FileWithin): Promise<string | undefined> {
  const root = await realpath(directory).catch((cause: unknown) => {
    throw refuse('cannot be looked for: its directory is not there or not readable', cause);
  });
  try {
    const real = await realpath(join(root, ...path));
    if (!real.startsWith(root.endsWith(sep) ? root : root + sep)) {
      throw refuse('is a link out of its directory; put the file itself there');
    }
    // What has no links any more is not followed if one comes in between, and a pipe is not waited for.
    await using file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stats = await file.stat();
    const objected = stats.isFile() ? objection(stats) : 'is no file';
    if (objected !== undefined) throw refuse(objected);
    return await file.readFile('utf8');
  } catch (error) {
    if (error instanceof FlowKeysError) throw error;
    if (isAbsent(error)) return undefined;
    throw refuse('cannot be read; check that this process may', error);
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
