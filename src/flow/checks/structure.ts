import { type Fault, fault } from '../findings.ts';
import {
  branchesOf,
  bufferSwitch,
  type FlowAction,
  type FlowDocument,
  isAsynchronous,
  isDynamic,
  isStored,
  parameter,
  scalarParameter,
  terminalTypes,
  textsIn,
} from '../language.ts';

const longestSynchronous = 8;
const longestAsynchronous = 60;

/** A block's branches and limits, some of which Connect validates, too. */
export function* checkBlock(action: FlowAction, flow: FlowDocument): Generator<Fault> {
  yield* checkBranches(action, flow);
  if (flow.Version !== 'former') {
    yield* checkRequiredBranches(action);
    yield* checkPrompt(action);
  }
  yield* checkFunction(action);
  yield* checkKeys(action);
}

/** The flow as a whole. */
export function* checkWhole({ StartAction, Actions }: FlowDocument): Generator<Fault> {
  const identifiers = Actions.map(({ Identifier }) => Identifier);
  const start = { Identifier: StartAction };
  if (!identifiers.includes(StartAction))
    yield fault('start_missing', start, 'is the start, but not a block of the flow');
  if (Actions.length > 250) yield fault('too_many_blocks', start, `starts a flow of ${Actions.length} blocks`);
  for (const [index, Identifier] of identifiers.entries()) {
    if (identifiers.indexOf(Identifier) !== index)
      yield fault('identifier_invalid', { Identifier }, 'has the same identifier as another block');
    else if (Identifier.length > 50 || Identifier === '' || /[%:(\\/)=$,;[\]{}]/.test(Identifier))
      yield fault('identifier_invalid', { Identifier }, 'has an identifier that Connect rejects');
  }
}

function checkBranches(action: FlowAction, { Actions }: FlowDocument): readonly Fault[] {
  const names = new Set(Actions.map(({ Identifier }) => Identifier));
  return branchesOf(action)
    .filter(({ next }) => !names.has(next))
    .map(({ name }) => fault('dangling_branch', action, `has a branch (${name}) to a block that is not in the flow`));
}

// The types whose blocks lead to one next block.
const sequentialTypes: ReadonlySet<string> = new Set([
  'MessageParticipant',
  'UpdateContactAttributes',
  'UpdateFlowAttributes',
  'UpdateFlowLoggingBehavior',
  'UpdateContactRecordingBehavior',
  'UpdateContactRecordingAndAnalyticsBehavior',
  'InvokeLambdaFunction',
  'UpdateContactTargetQueue',
  'UpdatePreviousContactParticipantState',
]);

const requiredErrors: Readonly<Record<string, readonly string[]>> = {
  GetParticipantInput: ['NoMatchingError'],
  Compare: ['NoMatchingCondition'],
  UpdateFlowAttributes: ['NoMatchingError'],
  UpdateContactRecordingBehavior: ['NoMatchingError'],
  UpdateContactRecordingAndAnalyticsBehavior: ['NoMatchingError', 'ChannelMismatch'],
};

function* checkRequiredBranches(action: FlowAction): Generator<Fault> {
  const { Errors = [], NextAction } = action.Transitions;
  const has = (type: string) => Errors.some(({ ErrorType }) => ErrorType === type);
  for (const type of requiredErrors[action.Type] ?? [])
    if (!has(type)) yield fault('error_branch_missing', action, `has no ${type} branch`);
  if (action.Type === 'InvokeLambdaFunction' && !has('NoMatchingError'))
    yield fault('lambda_without_error_branch', action, 'has no Error branch');
  const isSequential = sequentialTypes.has(action.Type) || isStored(action) || bufferSwitch(action) !== undefined;
  if (isSequential && NextAction === undefined && !terminalTypes.has(action.Type))
    yield fault('next_block_missing', action, 'does not lead to a next block');
}

const prompts = ['Text', 'SSML', 'PromptId', 'Media'];

function* checkPrompt(action: FlowAction): Generator<Fault> {
  const count = prompts.filter((name) => parameter(action, name) !== undefined).length;
  if (action.Type === 'GetParticipantInput' && count > 1)
    yield fault('prompt_count', action, `has ${count} prompts; it can have one`);
  if (action.Type === 'MessageParticipant' && count !== 1)
    yield fault('prompt_count', action, `has ${count} prompts; it must have one`);
}

const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;

/** Private keys outside the encryption of an input block. */
function* checkKeys(action: FlowAction): Generator<Fault> {
  if (textsIn({ ...action.Parameters, InputEncryption: undefined }).some((text) => privateKey.test(text)))
    yield fault('private_key_in_flow', action, 'contains a private key');
}

function* checkFunction(action: FlowAction): Generator<Fault> {
  const written = scalarParameter(action, 'InvocationTimeLimitSeconds');
  if (action.Type !== 'InvokeLambdaFunction' || (written !== undefined && isDynamic(written))) return;
  const seconds = Number(written);
  const longest = isAsynchronous(action) ? longestAsynchronous : longestSynchronous;
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > longest)
    yield fault('lambda_limit', action, `needs a time limit that is a whole number of seconds from 1 to ${longest}`);
}
