import { type Fault, fault } from '../findings.ts';
import type { Point } from '../follow/follow.ts';

/** Tones are audio: a recording that is on while the caller types holds the number. */
export function checkRecording({ facts, control, token }: Point): readonly Fault[] {
  if (token !== undefined || !(facts.isEncrypted || facts.isClear)) return [];
  const faults: Fault[] = [];
  if (control.ivrRecording === 'on')
    faults.push(
      fault('recording_on', facts.action, 'takes input while the automated interaction is recorded, tones included'),
    );
  if (control.callRecording === 'on' && control.hasAgent)
    faults.push(
      fault('agent_recording_on', facts.action, 'takes input with an agent on the line and their call recorded'),
    );
  else if (control.callRecording === 'on')
    faults.push(fault('call_recording_on', facts.action, 'takes input while agent and customer are to be recorded'));
  return faults;
}
