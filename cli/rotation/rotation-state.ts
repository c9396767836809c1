import { rm } from 'node:fs/promises';
import { member } from '../../src/flow/index.ts';
import { codeOf, readText, replaceFile } from '../files.ts';
import { CommandError } from '../output/command-error.ts';

/**
 * What an interrupted rotation must remember. It holds no secret: the private key is in the store from the
 * moment it exists. Everything else is asked of Connect and of the store.
 */
export interface RotationState {
  readonly version: 1;
  /** Its id. */
  readonly instance: string;
  /** The store's name, as people call it. */
  readonly store: string;
  readonly oldKeyId: string;
  /** Under which the new private key is stored until Connect gives it its id. */
  readonly provisionalId?: string;
  /** PEM text, of the new key. */
  readonly certificate?: string;
  /** When the last consumer was let have what will be encrypted under the new key, in ISO 8601. */
  readonly admittedAt?: string;
  /** The new key id, once it was shown to who gives it to the flows by hand. */
  readonly shownKeyId?: string;
  /** The ids of the flows that were given the new key. */
  readonly flows?: readonly string[];
  /** When all flows had the new key, in ISO 8601. */
  readonly handedOutAt?: string;
}

/** @throws CommandError `unreadable_file` for a file that is no rotation's */
export async function readState(path: string): Promise<RotationState | undefined> {
  let text: string;
  try {
    text = await readText(path, 'the state of the rotation');
  } catch (error) {
    if (error instanceof CommandError && error.cause?.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const state: unknown = JSON.parse(text);
    if (isState(state)) return state;
  } catch (error) {
    if (codeOf(error) !== undefined) throw error;
  }
  const message = `${path} is not the state of a rotation; pass another file with --state.`;
  throw new CommandError('unreadable_file', message);
}

export function writeState(path: string, state: RotationState): Promise<void> {
  return replaceFile(path, `${JSON.stringify(state, null, 2)}\n`, 0o600);
}

export function removeState(path: string): Promise<void> {
  return rm(path, { force: true });
}

function isState(value: unknown): value is RotationState {
  return (
    typeof value === 'object' &&
    value !== null &&
    'version' in value &&
    value.version === 1 &&
    ['instance', 'store', 'oldKeyId'].every((name) => typeof member(value, name) === 'string') &&
    ['handedOutAt', 'admittedAt'].every((name) => isTime(member(value, name)))
  );
}

function isTime(value: unknown): boolean {
  return value === undefined || (typeof value === 'string' && !Number.isNaN(Date.parse(value)));
}
