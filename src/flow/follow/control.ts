import {
  bufferSwitch,
  type FlowAction,
  isAsynchronous,
  isDynamic,
  lambdaAnswer,
  parameter,
  scalarParameter,
} from '../language.ts';
import { type BlockFacts, functionInvoked } from './facts.ts';

/** `unknown`: it depends on an earlier flow or a module. */
export type Switch = 'on' | 'off' | 'unknown';

/** The state of a call that does not depend on inputs. */
export interface Control {
  /** Recording of the automated interaction. */
  readonly ivrRecording: Switch;
  /** Recording of agent and customer. */
  readonly callRecording: Switch;
  readonly logging: Switch;
  readonly buffering: Switch;
  /** Whether the flow has changed the hold state of an agent, so that one is on the line. */
  readonly hasAgent: boolean;
  /** Whether an encrypted input was taken. */
  readonly hadInput: boolean;
  /** The block whose function's answer is in `$.External`; `''` before the first, `?` after a module. */
  readonly answerOf: string;
  /** The block that invoked a function asynchronously, until its result is loaded; `''` if there is none. */
  readonly pending: string;
  /** How long the functions can take since the caller last heard something, in seconds. */
  readonly seconds: number;
}

export const atStart: Control = {
  ivrRecording: 'unknown',
  callRecording: 'unknown',
  logging: 'unknown',
  buffering: 'off',
  hasAgent: false,
  hadInput: false,
  answerOf: '',
  pending: '',
  seconds: 0,
};

/** Connect's limit for a sequence of functions, in seconds. */
export const sequenceSeconds = 20;

/** The state after a block, on its error branches or on the others. */
export function controlAfter(control: Control, facts: BlockFacts, isError: boolean): Control {
  const { action } = facts;
  if (action.Type === 'InvokeFlowModule') {
    const unknown = { ivrRecording: 'unknown', callRecording: 'unknown', logging: 'unknown' } as const;
    return { ...control, ...unknown, buffering: 'unknown', answerOf: '?', pending: '', seconds: 0 };
  }
  if (action.Type === functionInvoked) {
    const seconds = Math.min(sequenceSeconds + 1, control.seconds + secondsOf(action));
    if (isError) return { ...control, seconds };
    if (isAsynchronous(action)) return { ...control, pending: action.Identifier };
    return { ...control, seconds, answerOf: action.Identifier, pending: '' };
  }
  if (isError) return talksToCaller(action) ? { ...control, seconds: 0 } : control;
  if (facts.loadsResult) return { ...control, answerOf: control.pending || control.answerOf, pending: '' };
  const next = {
    ...control,
    ...recordingOf(action),
    ...loggingOf(action),
    hasAgent: control.hasAgent || action.Type === 'UpdatePreviousContactParticipantState',
    hadInput: control.hadInput || facts.isEncrypted,
    ...(talksToCaller(action) && { seconds: 0 }),
  };
  const buffering = bufferSwitch(action);
  return buffering === undefined ? next : { ...next, buffering: buffering ? 'on' : 'off' };
}

/** How long a block can wait for its function, in seconds. */
export function secondsOf(action: FlowAction): number {
  if (isAsynchronous(action)) return 0;
  const seconds = Number(scalarParameter(action, 'InvocationTimeLimitSeconds'));
  return seconds > 0 ? Math.ceil(seconds) : 0;
}

function talksToCaller({ Type }: FlowAction): boolean {
  return ['GetParticipantInput', 'MessageParticipant', 'MessageParticipantIteratively', 'Wait'].includes(Type);
}

function loggingOf(action: FlowAction): Partial<Control> {
  if (action.Type !== 'UpdateFlowLoggingBehavior') return {};
  return { logging: switchOf(scalarParameter(action, 'FlowLoggingBehavior')) };
}

const recordingPaths: Readonly<Record<string, readonly string[]>> = {
  UpdateContactRecordingBehavior: ['RecordingBehavior'],
  UpdateContactRecordingAndAnalyticsBehavior: ['VoiceBehavior', 'VoiceRecordingBehavior'],
};

function recordingOf(action: FlowAction): Partial<Control> {
  const path = recordingPaths[action.Type];
  if (path === undefined) return {};
  const ivr = scalarParameter(action, ...path, 'IVRRecordingBehavior');
  const participants = parameter(action, ...path, 'RecordedParticipants');
  return {
    ...(ivr !== undefined && { ivrRecording: switchOf(ivr) }),
    ...(Array.isArray(participants) && { callRecording: participants.length > 0 ? 'on' : 'off' }),
  };
}

function switchOf(text: string | undefined): Switch {
  if (text === undefined || isDynamic(text)) return 'unknown';
  return text.toLowerCase().startsWith('enable') ? 'on' : 'off';
}

/** Whether a reference reads the function's answer. */
export function readsAnswer(path: string): boolean {
  return path === lambdaAnswer || path.startsWith(`${lambdaAnswer}.`);
}
