import { rm } from 'node:fs/promises';
import { member } from '../../src/flow/index.ts';
import { parseJson } from '../../src/internal.ts';
import { readText, replaceFile } from '../files.ts';
import { CommandError } from '../output/command-error.ts';

/**
 * What an interrupted rotation must remember. It contains no secret: a private key exists only in the store. Connect and the
 * store know the rest.
 */
export interface RotationState {
  readonly version: 1;
  /** The instance's id. */
  readonly instance: string;
  /** The store's name. */
  readonly store: string;
  readonly oldKeyId: string;
  /** The id of the new private key in the store until Connect assigns its key id. */
  readonly provisionalId?: string;
  /** The new key's certificate, as PEM text. */
  readonly certificate?: string;
  /** When the last consumer was allowed the new key id, in ISO 8601. */
  readonly admittedAt?: string;
  /** The new key id, after it was shown for changing the flows by hand. */
  readonly shownKeyId?: string;
  /** The ids of the flows that have the new key. */
  readonly flows?: readonly string[];
  /** When all flows had the new key, in ISO 8601. */
  readonly handedOutAt?: string;
}

/**
 * Reads the state of a rotation; `undefined` if there is no file.
 *
 * @throws CommandError `unreadable_file` if the file is something else
 */
export async function readState(path: string): Promise<RotationState | undefined> {
  let text: string;
  try {
    text = await readText(path, 'the state of the rotation');
  } catch (error) {
    if (error instanceof CommandError && error.cause?.code === 'ENOENT') return undefined;
    throw error;
  }
  const state = parseJson(text);
  if (isState(state)) return state;
  throw new CommandError('unreadable_file', `${path} is not the state of a rotation; pass another file with --state.`);
}

export function writeState(path: string, state: RotationState): Promise<void> {
  return replaceFile(path, `${JSON.stringify(state, null, 2)}\n`, 0o600);
}

export function removeState(path: string): Promise<void> {
  return rm(path, { force: true });
}

function isState(value: unknown): value is RotationState {
  return (
    member(value, 'version') === 1 &&
    ['instance', 'store', 'oldKeyId'].every((name) => typeof member(value, name) === 'string') &&
    ['handedOutAt', 'admittedAt'].every((name) => isTime(member(value, name)))
  );
}

function isTime(value: unknown): boolean {
  return value === undefined || (typeof value === 'string' && !Number.isNaN(Date.parse(value)));
}
