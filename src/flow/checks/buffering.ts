import { type Fault, fault } from '../findings.ts';
import type { Point } from '../follow/follow.ts';
import { bufferSwitch, isTrue, parameter, scalarParameter } from '../language.ts';

/** Touchtone buffering: keys typed ahead begin the next input, and surplus keys reach the one after it. */
export function checkBuffering({ facts, control, token }: Point): readonly Fault[] {
  const { action } = facts;
  if (token !== undefined || action.Type !== 'GetParticipantInput') return [];
  if (bufferSwitch(action) === false) {
    const storesClear =
      isTrue(scalarParameter(action, 'StoreInput')) && parameter(action, 'InputEncryption') === undefined;
    return storesClear && control.hadInput && control.buffering !== 'off'
      ? [fault('buffer_stored_unencrypted', action, 'stores what is left in the touchtone buffer unencrypted')]
      : [];
  }
  if (control.buffering !== 'on') return [];
  if (facts.isEncrypted) return [fault('buffering_on', action, 'takes encrypted input with touchtone buffering on')];
  return facts.isStored && control.hadInput
    ? [fault('surplus_digits', action, 'stores input unencrypted after an encrypted one, with touchtone buffering on')]
    : [];
}
