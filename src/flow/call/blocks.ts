import type { BlockFacts } from '../follow/facts.ts';
import { branchesOf, type FlowAction, scalarParameter, textParameter } from '../language.ts';
import { playFunction } from './function.ts';
import { playInput } from './input.ts';
import { branchNamed, errorBranch, matchingBranch, type Outcome, successBranch } from './outcome.ts';
import type { CallParties } from './parties.ts';
import type { CallState } from './state.ts';

type Play = (facts: BlockFacts, state: CallState, parties: CallParties) => Outcome | Promise<Outcome>;

/** Plays a block. If it cannot be played, it takes the branch that `parties` choose. */
export async function playBlock(facts: BlockFacts, state: CallState, parties: CallParties): Promise<Outcome> {
  const { action } = facts;
  const forced = parties.forcedBranch?.(action.Identifier);
  if (forced !== undefined) return takeBranch(action, forced, 'the branch was forced');
  if (facts.loadsResult) {
    state.external = state.pendingAnswer;
    return { branch: successBranch(action), details: ['loads the result of the function'] };
  }
  const play = plays[action.Type];
  if (play !== undefined) return play(facts, state, parties);
  const names = branchesOf(action).map(({ name }) => name);
  const choice = await parties.chooseBranch?.(action, names);
  if (choice !== undefined) return takeBranch(action, choice, 'the branch was chosen');
  const why = `blocks of type ${action.Type} cannot be played; choose one of: ${names.join(', ')}`;
  return { end: { kind: 'undecided', why } };
}

function takeBranch(action: FlowAction, name: string, how: string): Outcome {
  const branch = branchNamed(action, name);
  if (branch === undefined) return { end: { kind: 'undecided', why: `there is no branch "${name}"` } };
  return { branch, details: [how] };
}

const succeed: Play = ({ action }) => ({ branch: successBranch(action) });
const endCall =
  (kind: 'disconnected' | 'flow-ended', why: string): Play =>
  () => ({ end: { kind, why } });

const plays: Readonly<Record<string, Play>> = {
  GetParticipantInput: ({ action }, state, parties) => playInput(action, state, parties),
  InvokeLambdaFunction: playFunction,
  UpdateContactAttributes: setAttributes,
  UpdateFlowAttributes: setAttributes,
  MessageParticipant: say,
  Compare: compare,
  Loop: loop,
  DisconnectParticipant: endCall('disconnected', 'the flow disconnects'),
  EndFlowExecution: endCall('flow-ended', 'the flow ends'),
  EndFlowModuleExecution: endCall('flow-ended', 'the module ends'),
  TransferToFlow: ({ action }) => ({
    end: { kind: 'transferred', why: `to flow ${textParameter(action, 'ContactFlowId') ?? ''}` },
  }),
  TransferContactToQueue: () => ({ end: { kind: 'transferred', why: 'to the queue that was set' } }),
  // Their effects are not part of the transcript.
  UpdateFlowLoggingBehavior: succeed,
  UpdateContactRecordingBehavior: succeed,
  UpdateContactRecordingAndAnalyticsBehavior: succeed,
  UpdateContactTextToSpeechVoice: succeed,
  UpdateContactTargetQueue: succeed,
  UpdatePreviousContactParticipantState: succeed,
};

function setAttributes({ action, assignments }: BlockFacts, state: CallState): Outcome {
  const values = assignments.map(({ name, value }) => [name, state.resolve(value)] as const);
  for (const [path, value] of values) {
    const [, root, ...names] = path.split('.');
    const attributes = root === 'Attributes' ? state.attributes : state.flowAttributes;
    attributes[names.join('.')] = value;
  }
  return {
    branch: successBranch(action),
    details: values.map(([path, value]) => `${path} is ${state.redact(value)}`),
  };
}

function say({ action }: BlockFacts, state: CallState): Outcome {
  const text = textParameter(action, 'Text') ?? textParameter(action, 'SSML');
  const said = state.redact(
    text === undefined ? `[prompt ${textParameter(action, 'PromptId') ?? ''}]` : state.resolve(text),
  );
  state.heard.push(said);
  return { branch: successBranch(action), said };
}

function compare({ action }: BlockFacts, state: CallState): Outcome {
  const value = state.resolve(textParameter(action, 'ComparisonValue') ?? '');
  const branch =
    matchingBranch(action, value, state) ?? errorBranch(action, 'NoMatchingCondition') ?? successBranch(action);
  return { branch, details: [`compares ${value === '' ? 'an empty text' : `"${state.redact(value)}"`}`] };
}

function loop({ action }: BlockFacts, state: CallState): Outcome {
  const count = (state.loops.get(action.Identifier) ?? 0) + 1;
  const isDone = count > Number(state.resolve(scalarParameter(action, 'LoopCount') ?? '0'));
  state.loops.set(action.Identifier, isDone ? 0 : count);
  const branch = matchingBranch(action, isDone ? 'DoneLooping' : 'ContinueLooping', state);
  return {
    branch: branch ?? (isDone ? successBranch(action) : undefined),
    details: [isDone ? 'done looping' : `loop ${count}`],
  };
}
