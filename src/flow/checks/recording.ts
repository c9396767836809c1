import { type Fault, fault } from '../findings.ts';
import type { Point } from '../follow/follow.ts';

/** A recording that is on while the caller types contains the input, because tones are audio. */
export function* checkRecording({ facts, control, token }: Point): Generator<Fault> {
  const { action } = facts;
  if (token !== undefined || !(facts.isEncrypted || facts.isClear)) return;
  if (control.ivrRecording === 'on')
    yield fault('recording_on', action, 'takes input while the automated interaction is recorded, including tones');
  if (control.callRecording !== 'on') return;
  yield control.hasAgent
    ? fault('agent_recording_on', action, 'takes input while an agent is on the line and the call is recorded')
    : fault('call_recording_on', action, 'takes input while call recording is on');
}
