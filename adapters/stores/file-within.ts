import { constants, type Stats } from 'node:fs';
import { open, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { FlowKeysError } from '../../src/index.ts';

export interface FileWithin {
  readonly directory: string;
  /** Below the directory. */
  readonly path: readonly string[];
  /** Accept what the group of a file or folder may write. */
  readonly allowGroupWritable: boolean;
  /** Why a file is not taken that may be trusted; `undefined` where it is. */
  objection?(stats: Stats): string | undefined;
  /** The error for a file that is not there to be read: `what` is the matter with it. */
  refuse(what: string, cause?: unknown): FlowKeysError;
}

const groupMayWrite = 0o020;
const othersMayWrite = 0o002;
const sticky = 0o1000;
// A private key and a consumer's document are a few kilobytes.
const maxFileBytes = 65_536;

/**
 * The bytes of a file in a directory; `undefined` where there is none. Links are followed within the directory (as
 * mounted secrets have them), and never out of it. Whoever may write a key or a consumer's document reads the inputs, so
 * file and folders must belong to root or to the user of this process, and nobody else may write them.
 *
 * @throws FlowKeysError as `refuse` makes it
 */
export async function readFileWithin(file: FileWithin): Promise<Uint8Array<ArrayBuffer> | undefined> {
  // Mounted secrets are replaced by changing a link, which may be between two steps of the first reading.
  return (await readOnce(file)) ?? (await readOnce(file));
}

async function readOnce({
  directory,
  path,
  allowGroupWritable,
  objection,
  refuse,
}: FileWithin): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const root = await realpath(directory).catch((cause: unknown) => {
    throw refuse('cannot be looked for: its directory is not there or not readable', cause);
  });
  try {
    const real = await realpath(join(root, ...path));
    if (!real.startsWith(root.endsWith(sep) ? root : root + sep)) {
      throw refuse('is a link out of its directory; put the file itself there');
    }
    for (const folder of foldersOf(root, real)) {
      const distrust = distrustOf(folder, await stat(folder), allowGroupWritable);
      if (distrust !== undefined) throw refuse(`lies in a folder that ${distrust}`);
    }
    // What has no links any more is not followed if one comes in between, and a pipe is not waited for.
    await using file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stats = await file.stat();
    const objected = stats.isFile()
      ? (distrustOf(real, stats, allowGroupWritable) ?? objection?.(stats))
      : 'is no file';
    if (objected !== undefined) throw refuse(objected);
    if (stats.size > maxFileBytes) throw refuse(`is larger than ${maxFileBytes / 1_024} KiB`);
    return new Uint8Array(await file.readFile());
  } catch (error) {
    if (error instanceof FlowKeysError) throw error;
    if (isAbsent(error)) return undefined;
    throw refuse('cannot be read; check that this process may', error);
  }
}

/** The folders from the root to the file. */
function foldersOf(root: string, file: string): readonly string[] {
  const below = file.slice(root.length).split(sep).filter(Boolean).slice(0, -1);
  return [root, ...below.map((_, index) => join(root, ...below.slice(0, index + 1)))];
}

/** Why a file, or what lies in a folder, is not to be trusted, with the command that mends it; `undefined` where it is. */
function distrustOf(path: string, stats: Stats, allowGroupWritable: boolean): string | undefined {
  const user = process.getuid?.();
  if (user !== undefined && stats.uid !== 0 && stats.uid !== user) {
    return `belongs to another user than root or that of this process; run "chown ${user} ${path}"`;
  }
  // In a folder with the sticky bit, as mounted secrets have it, others may add files only.
  if (stats.isDirectory() && (stats.mode & sticky) !== 0) return undefined;
  if ((stats.mode & othersMayWrite) !== 0)
    return `may be written by every user of the machine; run "chmod o-w ${path}"`;
  if (allowGroupWritable || (stats.mode & groupMayWrite) === 0) return undefined;
  return `may be written by its group; run "chmod g-w ${path}", or allow it with --allow-group-writable`;
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
