import { type FlowAction, isTrue, maxDigits, scalarParameter, textParameter } from '../language.ts';

export interface TakenKeys {
  /** The input. */
  readonly digits: string;
  /** The keys after it, which are lost unless touchtones are buffered. */
  readonly rest: string;
}

/** Connect's default maximum. */
const defaultMaximum = 20;

export function maximumOf(action: FlowAction): number {
  return maxDigits(action) ?? defaultMaximum;
}

/** Takes the keys of an input, up to its terminator or its maximum; `*` starts the input again. */
export function takeKeys(action: FlowAction, keys: string): TakenKeys {
  const terminator = textParameter(action, 'DTMFConfiguration', 'InputTerminationSequence') ?? '#';
  const cancels = !isTrue(scalarParameter(action, 'DTMFConfiguration', 'DisableCancelKey'));
  const maximum = maximumOf(action);
  let digits = '';
  for (let place = 0; place < keys.length; place += 1) {
    if (terminator !== '' && keys.startsWith(terminator, place))
      return { digits, rest: keys.slice(place + terminator.length) };
    const key = keys[place] ?? '';
    digits = key === '*' && cancels ? '' : digits + key;
    if (digits.length < maximum) continue;
    const after = place + 1;
    const isTerminated = terminator !== '' && keys.startsWith(terminator, after);
    return { digits, rest: keys.slice(isTerminated ? after + terminator.length : after) };
  }
  return { digits, rest: '' };
}
