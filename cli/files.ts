import { existsSync } from 'node:fs';
import { link, mkdir, open, readFile, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { keyTextOf, pastedCiphertext } from '../src/internal.ts';
import { CommandError } from './output/command-error.ts';

// A flow, a certificate or an event is far smaller.
const maxFileBytes = 8 * 1024 * 1024;

/**
 * The text of a file; `-` is standard input.
 *
 * @param what the file's role, as `the certificate`
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
    throw new CommandError(
      'unreadable_file',
      `${sentence(what)} cannot be read${from(path, what)}: ${reason(error)}.`,
      error,
    );
  }
}

/**
 * The text of a file with a key or a certificate; DER becomes PEM.
 *
 * @param what the file's role, as `the certificate`
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
 * A ciphertext as people pass it: the text itself, a file, or `-` for standard input; quoted, encoded or in something else.
 *
 * @throws CommandError `unreadable_file`
 */
export async function readCiphertext(operand: string): Promise<string> {
  // A ciphertext is longer than any file's name.
  const isFile = operand === '-' || (operand.length < 255 && existsSync(operand));
  return pastedCiphertext(isFile ? await readText(operand, 'the ciphertext') : operand);
}

/**
 * Writes a file of one's own, whole or not at all; an existing one is left alone.
 *
 * @param mode the file's permissions: 0o600 for a secret
 * @throws CommandError `conflict` where the file exists, `unwritable_file` where it cannot be written
 */
export async function writeNewFile(path: string, text: string, mode: 0o600 | 0o644): Promise<void> {
  await writing(path, async () => {
    const draft = await writeDraft(path, text, mode);
    try {
      // Unlike a renaming, a link never replaces what is there.
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
 * Looks before work is begun that would have to be thrown away.
 *
 * @throws CommandError `conflict` where one of the files exists
 */
export function assertAbsent(paths: readonly string[]): void {
  const existing = paths.find((path) => existsSync(path));
  if (existing !== undefined) throw exists(existing);
}

/** Writes a file whole or not at all, in place of what was there. */
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
  return new CommandError('conflict', `${path} exists already and is left alone; move it away, or write elsewhere.`);
}

function decode(bytes: Uint8Array, what: string, source: string): string {
  if (bytes.length > maxFileBytes) {
    throw new CommandError(
      'unreadable_file',
      `${sentence(what)} from ${source} is larger than 8 MiB: is it the right file?`,
    );
  }
  try {
    return new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes);
  } catch {
    const message = `${sentence(what)} from ${source} is not text: PEM, base64 or JSON is expected.`;
    throw new CommandError('unreadable_file', message);
  }
}

/** Windows PowerShell writes UTF-16 where it redirects; without its mark, every other byte of JSON or PEM is zero. */
function encodingOf([first, second]: Uint8Array): string {
  if ((first === 0xff && second === 0xfe) || second === 0) return 'utf-16le';
  return (first === 0xfe && second === 0xff) || first === 0 ? 'utf-16be' : 'utf-8';
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file; check the path',
  ENOTDIR: 'part of the path is no directory; check it',
  EISDIR: 'it is a directory; name the file in it',
  EACCES: 'this user may not; check its permissions',
  EPERM: 'this user may not; check its permissions',
  EROFS: 'the file system is read-only; write elsewhere',
  ENOSPC: 'the disk is full; make room',
  EEXIST: 'a file is in the way of a directory, or an earlier run left a draft; remove it',
};

function reason(error: unknown): string {
  const code = codeOf(error);
  return reasons[String(code)] ?? `the system answered ${String(code ?? 'with an error')}`;
}

/** A path, unless it may be the text itself, which people pass by mistake. */
function from(path: string, what: string): string {
  if (/[\r\n]|-----/.test(path) || path.length > 255)
    return ', as the text itself was passed; name a file that holds it';
  return what === 'the token' ? '' : ` from ${path}`;
}

function sentence(what: string): string {
  return what.charAt(0).toUpperCase() + what.slice(1);
}
