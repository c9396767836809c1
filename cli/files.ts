import { existsSync } from 'node:fs';
import { link, mkdir, open, readFile, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { decodeText, keyTextOf, pastedCiphertext } from '../src/internal.ts';
import { CommandError } from './output/command-error.ts';

const maxFileBytes = 8 * 1024 * 1024;

/**
 * The text of a file, in UTF-8 or UTF-16. `-` is standard input.
 *
 * @param what the file's role, such as `the certificate`
 * @throws CommandError `unreadable_file`
 */
export async function readText(path: string, what: string): Promise<string> {
  return decode(await readBytes(path, what), what, path === '-' ? 'standard input' : path);
}

async function readBytes(path: string, what: string): Promise<Buffer> {
  if (path === '-') return buffer(process.stdin);
  try {
    return await readFile(path);
  } catch (error) {
    // The text may be a secret, so it is not repeated; neither is the path of a token.
    const isText = /[\r\n]|-----/.test(path) || path.length > 255;
    const failed = isText
      ? 'was passed as text; pass a file that contains it'
      : `cannot be read${what === 'the token' ? '' : ` from ${path}`}: ${reason(error)}`;
    throw new CommandError('unreadable_file', `${sentence(what)} ${failed}.`, error);
  }
}

/**
 * The text of a file with a key or a certificate. DER becomes PEM.
 *
 * @param what the file's role, such as `the certificate`
 * @throws CommandError `unreadable_file`
 */
export async function readKeyFile(path: string, what: string): Promise<string> {
  const bytes = await readBytes(path, what);
  return keyTextOf(new Uint8Array(bytes)) ?? decode(bytes, what, path);
}

/** An operand that is the text itself, or `-` for standard input. */
export async function readOperand(operand: string, what: string): Promise<string> {
  return operand === '-' ? readText('-', what) : operand;
}

/**
 * A ciphertext as people pass it: text, a file, or `-` for standard input. It may be quoted, encoded or inside JSON.
 *
 * @throws CommandError `unreadable_file`
 */
export async function readCiphertext(operand: string): Promise<string> {
  // A ciphertext is longer than any file name. A missing file is reported as such if the operand looks like a path.
  const isPath = operand.length < 255 && (existsSync(operand) || /^[./~]|\.\w{1,5}$/.test(operand));
  const isFile = operand === '-' || isPath;
  return pastedCiphertext(isFile ? await readText(operand, 'the ciphertext') : operand);
}

/**
 * Writes a new file completely, or not at all. Never replaces an existing file.
 *
 * @param mode the file's permissions: 0o600 for a secret
 * @throws CommandError `conflict` where the file exists, `unwritable_file` where it cannot be written
 */
export async function writeNewFile(path: string, text: string, mode: 0o600 | 0o644): Promise<void> {
  await writing(path, async () => {
    const draft = await writeDraft(path, text, mode);
    try {
      // Unlike rename, link never replaces a file.
      await link(draft, path);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
      throw exists(path);
    } finally {
      await unlink(draft);
    }
  });
}

/**
 * Checks early, before a command does work that it could not save.
 *
 * @throws CommandError `conflict` where one of the files exists
 */
export function assertAbsent(paths: readonly string[]): void {
  const existing = paths.find((path) => existsSync(path));
  if (existing !== undefined) throw exists(existing);
}

/** Writes a file completely, or not at all. Replaces an existing file. */
export async function replaceFile(path: string, text: string, mode: 0o600 | 0o644): Promise<void> {
  await writing(path, async () => rename(await writeDraft(path, text, mode), path));
}

export function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

async function writeDraft(path: string, text: string, mode: number): Promise<string> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.new`;
  await using file = await open(draft, 'wx', mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } catch (error) {
    await unlink(draft);
    throw error;
  }
  return draft;
}

async function writing(path: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError('unwritable_file', `${path} cannot be written: ${reason(error)}.`, error);
  }
}

function exists(path: string): CommandError {
  return new CommandError('conflict', `${path} already exists and was not changed; move it, or choose another path.`);
}

function decode(bytes: Uint8Array, what: string, source: string): string {
  if (bytes.length > maxFileBytes) {
    const message = `${sentence(what)} from ${source} is larger than 8 MiB; check that it is the right file.`;
    throw new CommandError('unreadable_file', message);
  }
  const text = decodeText(bytes);
  if (text !== undefined) return text;
  const message = `${sentence(what)} from ${source} is not text; pass PEM, base64 or JSON.`;
  throw new CommandError('unreadable_file', message);
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'the file does not exist; check the path',
  ENOTDIR: 'part of the path is not a directory; check the path',
  EISDIR: 'it is a directory; pass the file in it',
  EACCES: 'permission is denied; check the permissions of the file and its directory',
  EPERM: 'permission is denied; check the permissions of the file and its directory',
  EROFS: 'the file system is read-only; choose another path',
  ENOSPC: 'the disk is full; free some space',
  EEXIST: 'a file has the name of a directory, or an earlier run left a .new file; remove it',
};

function reason(error: unknown): string {
  const code = codeOf(error);
  return reasons[String(code)] ?? `the system answered ${String(code ?? 'with an error')}`;
}

function sentence(what: string): string {
  return what.charAt(0).toUpperCase() + what.slice(1);
}
