import { type Fault, fault } from '../findings.ts';
import type { Point } from '../follow/follow.ts';
import { bufferSwitch, isTrue, parameter, scalarParameter } from '../language.ts';

/** With touchtone buffering, keys typed ahead start the next input, and surplus keys reach the input after it. */
export function* checkBuffering({ facts, control, token }: Point): Generator<Fault> {
  const { action } = facts;
  if (token !== undefined || action.Type !== 'GetParticipantInput') return;
  if (bufferSwitch(action) === false) {
    const storesClear =
      isTrue(scalarParameter(action, 'StoreInput')) && parameter(action, 'InputEncryption') === undefined;
    if (storesClear && control.hadInput && control.buffering !== 'off')
      yield fault('buffer_stored_unencrypted', action, 'stores the rest of the touchtone buffer unencrypted');
  } else if (control.buffering === 'on') {
    if (facts.isEncrypted) yield fault('buffering_on', action, 'takes encrypted input while touchtones are buffered');
    else if (facts.isStored && control.hadInput)
      yield fault(
        'surplus_digits',
        action,
        'stores unencrypted input after encrypted input while touchtones are buffered',
      );
  }
}
