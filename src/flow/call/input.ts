import {
  type Branch,
  bufferSwitch,
  type FlowAction,
  isStored,
  isTelephoneNumber,
  isTrue,
  member,
  parameter,
  scalarParameter,
  storedInput,
  textParameter,
} from '../language.ts';
import { maximumOf, takeKeys } from './keys.ts';
import { errorBranch, matchingBranch, type Outcome, successBranch } from './outcome.ts';
import type { CallParties } from './parties.ts';
import type { CallState } from './state.ts';

/** Plays a block that takes keys, or that switches touchtone buffering. */
export function playInput(action: FlowAction, state: CallState, parties: CallParties): Promise<Outcome> {
  return bufferSwitch(action) === undefined
    ? takeInput(action, state, parties)
    : switchBuffering(action, state, parties);
}

async function takeInput(action: FlowAction, state: CallState, parties: CallParties): Promise<Outcome> {
  const { Identifier: block } = action;
  const said = state.redact(state.resolve(textParameter(action, 'Text') ?? textParameter(action, 'SSML') ?? ''));
  if (said !== '') state.heard.push(said);
  const act = await parties.pressKeys({ block, prompt: said, maxDigits: maximumOf(action) });
  if (act === 'hang-up') return { said, end: { kind: 'hung-up', why: 'the caller hung up' } };
  const { digits, rest } = takeKeys(action, state.buffer + act.keys);
  state.buffer = state.control.buffering === 'on' ? rest : '';
  if (digits !== '' && state.control.ivrRecording === 'on') state.recorded.push(block);
  const typed = digits === '' ? 'typed nothing' : `typed ${digits.length} ${digits.length === 1 ? 'key' : 'keys'}`;
  if (!isStored(action)) return { said, details: [typed], branch: branchOfKeys(action, digits, state) };
  const { details = [], ...outcome } = await storeInput(action, digits, state, parties);
  return { said, details: [typed, ...details], ...outcome };
}

async function storeInput(
  action: FlowAction,
  digits: string,
  state: CallState,
  parties: CallParties,
): Promise<Outcome> {
  const branch = successBranch(action);
  if (digits === '') {
    state.stored = 'Timeout';
    return { branch, details: [`${storedInput} is "Timeout"`] };
  }
  if (isTelephoneNumber(action) && !/^\+?\d{7,15}$/.test(digits))
    return { branch: errorBranch(action, 'InvalidPhoneNumber') ?? errorBranch(action) };
  const encryption = parameter(action, 'InputEncryption');
  if (encryption === undefined) {
    state.stored = digits;
    return { branch, details: [`${storedInput} is the input, unencrypted`] };
  }
  // Redacting a single digit would redact most of the transcript.
  if (digits.length > 1) state.secrets.set(digits, action.Identifier);
  const [keyId, certificate] = [member(encryption, 'EncryptionKeyId'), member(encryption, 'Key')].map((value) =>
    state.resolve(String(value ?? '')),
  );
  try {
    state.stored = await parties.encrypt(digits, keyId ?? '', certificate ?? '');
    return { branch, details: [`${storedInput} is ${state.redact(state.stored)}`] };
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? `: ${error.message}` : '';
    return { branch: errorBranch(action), details: [`the input could not be encrypted${why}`] };
  }
}

function branchOfKeys(action: FlowAction, digits: string, state: CallState): Branch | undefined {
  if (digits === '') return errorBranch(action, 'InputTimeLimitExceeded') ?? errorBranch(action);
  return (
    matchingBranch(action, digits, state) ??
    errorBranch(action, 'NoMatchingCondition') ??
    successBranch(action) ??
    errorBranch(action)
  );
}

async function switchBuffering(action: FlowAction, state: CallState, parties: CallParties): Promise<Outcome> {
  const left = state.buffer;
  state.buffer = '';
  const isKept = bufferSwitch(action) === false && isTrue(scalarParameter(action, 'StoreInput'));
  if (!isKept) return { branch: successBranch(action) };
  const { details = [], ...outcome } = await storeInput(action, left, state, parties);
  return { details: [`${left.length} keys were in the touchtone buffer`, ...details], ...outcome };
}
