import { constants, type Stats } from 'node:fs';
import { open, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { FlowKeysError } from '../../src/index.ts';

export interface FileWithin {
  readonly directory: string;
  /** The path below the directory. */
  readonly path: readonly string[];
  /** Accept files and folders that their group may write. */
  readonly allowGroupWritable: boolean;
  /** Another reason to refuse the file, or `undefined`. */
  objection?(stats: Stats): string | undefined;
  /** Makes the error for a file that is refused. `reason` is the end of a sentence about the file. */
  refuse(reason: string, cause?: unknown): FlowKeysError;
}

const groupMayWrite = 0o020;
const othersMayWrite = 0o002;
const sticky = 0o1000;
// A private key and a consumer's document are a few kilobytes.
const maxFileBytes = 65_536;

/**
 * Reads a file in a directory; `undefined` if it does not exist. Links are followed within the directory, as mounted secrets
 * need, but never out of it. Anyone who can write a key or a consumer's document could get the inputs, so the file and its
 * folders must belong to root or to the user of this process, and nobody else may write them.
 *
 * @throws the error that `refuse` makes
 */
export async function readFileWithin(file: FileWithin): Promise<Uint8Array<ArrayBuffer> | undefined> {
  // Mounted secrets are replaced by changing a link, which may happen during the first read.
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
    throw refuse('cannot be looked up, as the directory does not exist or cannot be read', cause);
  });
  try {
    const real = await realpath(join(root, ...path));
    if (!real.startsWith(root.endsWith(sep) ? root : root + sep)) {
      throw refuse('is a link out of the directory; put the file itself there');
    }
    for (const folder of foldersOf(root, real)) {
      const distrust = distrustOf(folder, await stat(folder), allowGroupWritable);
      if (distrust !== undefined) throw refuse(`is in a folder that ${distrust}`);
    }
    // The path has no links. Do not follow one that was put there since, and do not wait for a pipe.
    await using file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stats = await file.stat();
    const objected = stats.isFile()
      ? (distrustOf(real, stats, allowGroupWritable) ?? objection?.(stats))
      : 'is not a file';
    if (objected !== undefined) throw refuse(objected);
    if (stats.size > maxFileBytes) throw refuse(`is larger than ${maxFileBytes / 1_024} KiB`);
    return new Uint8Array(await file.readFile());
  } catch (error) {
    if (error instanceof FlowKeysError) throw error;
    if (isAbsent(error)) return undefined;
    throw refuse('cannot be read; check the permissions of this process', error);
  }
}

/** The folders from the root down to the file. */
function foldersOf(root: string, file: string): readonly string[] {
  const below = file.slice(root.length).split(sep).filter(Boolean).slice(0, -1);
  return [root, ...below.map((_, index) => join(root, ...below.slice(0, index + 1)))];
}

/** Why a file or folder cannot be trusted, with the command that fixes it; `undefined` if it can. */
function distrustOf(path: string, stats: Stats, allowGroupWritable: boolean): string | undefined {
  const user = process.getuid?.();
  if (user !== undefined && stats.uid !== 0 && stats.uid !== user) {
    return `belongs neither to root nor to the user of this process; run "chown ${user} ${path}"`;
  }
  // In a folder with the sticky bit, which mounted secrets have, others may only add files.
  if (stats.isDirectory() && (stats.mode & sticky) !== 0) return undefined;
  if ((stats.mode & othersMayWrite) !== 0)
    return `can be written by every user of the machine; run "chmod o-w ${path}"`;
  if (allowGroupWritable || (stats.mode & groupMayWrite) === 0) return undefined;
  return `can be written by its group; run "chmod g-w ${path}", or allow it with --allow-group-writable`;
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
