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

/** A block's branches and limits, which Connect's own validation looks at, too. */
export function checkBlock(action: FlowAction, flow: FlowDocument): readonly Fault[] {
  return [
    ...checkBranches(action, flow),
    ...checkRequiredBranches(action, flow),
    ...checkPrompt(action, flow),
    ...checkFunction(action),
    ...checkKeys(action),
  ];
}

const isFormer = ({ Version }: FlowDocument) => Version === 'former';

/** The flow as a whole. */
export function checkWhole(flow: FlowDocument): readonly Fault[] {
  const identifiers = flow.Actions.map(({ Identifier }) => Identifier);
  const faults: Fault[] = [];
  if (!identifiers.includes(flow.StartAction))
    faults.push(fault('start_missing', { Identifier: flow.StartAction }, 'is the start, but not a block of the flow'));
  if (flow.Actions.length > 250)
    faults.push(
      fault('too_many_blocks', { Identifier: flow.StartAction }, `starts a flow of ${flow.Actions.length} blocks`),
    );
  for (const [index, identifier] of identifiers.entries()) {
    if (identifiers.indexOf(identifier) !== index)
      faults.push(fault('identifier_invalid', { Identifier: identifier }, 'has the identifier of another block'));
    else if (identifier.length > 50 || identifier === '' || /[%:(\\/)=$,;[\]{}]/.test(identifier))
      faults.push(fault('identifier_invalid', { Identifier: identifier }, 'has an identifier that Connect refuses'));
  }
  return faults;
}

function checkBranches(action: FlowAction, { Actions }: FlowDocument): readonly Fault[] {
  const names = new Set(Actions.map(({ Identifier }) => Identifier));
  return branchesOf(action)
    .filter(({ next }) => !names.has(next))
    .map(({ name }) => fault('dangling_branch', action, `has a branch (${name}) to a block that is not in the flow`));
}

// The types whose blocks go on to one next block.
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

function checkRequiredBranches(action: FlowAction, flow: FlowDocument): readonly Fault[] {
  if (isFormer(flow)) return [];
  const { Errors = [], NextAction } = action.Transitions;
  const has = (type: string) => Errors.some(({ ErrorType }) => ErrorType === type);
  const faults = (requiredErrors[action.Type] ?? [])
    .filter((type) => !has(type))
    .map((type) => fault('error_branch_missing', action, `has no ${type} branch`));
  if (action.Type === 'InvokeLambdaFunction' && !has('NoMatchingError'))
    faults.push(fault('lambda_without_error_branch', action, 'has no Error branch'));
  const isSequential = sequentialTypes.has(action.Type) || isStored(action) || bufferSwitch(action) !== undefined;
  if (isSequential && NextAction === undefined && !terminalTypes.has(action.Type))
    faults.push(fault('next_block_missing', action, 'does not lead to a next block'));
  return faults;
}

const prompts = ['Text', 'SSML', 'PromptId', 'Media'];

function checkPrompt(action: FlowAction, flow: FlowDocument): readonly Fault[] {
  if (isFormer(flow)) return [];
  const count = prompts.filter((name) => parameter(action, name) !== undefined).length;
  if (action.Type === 'GetParticipantInput' && count > 1)
    return [fault('prompt_count', action, `has ${count} prompts, and may have one`)];
  if (action.Type === 'MessageParticipant' && count !== 1)
    return [fault('prompt_count', action, `has ${count} prompts, and must have one`)];
  return [];
}

const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;

/** Private keys in other places than an input block. */
function checkKeys(action: FlowAction): readonly Fault[] {
  if (!textsIn({ ...action.Parameters, InputEncryption: undefined }).some((text) => privateKey.test(text))) return [];
  return [fault('private_key_in_flow', action, 'carries a private key')];
}

function checkFunction(action: FlowAction): readonly Fault[] {
  if (action.Type !== 'InvokeLambdaFunction') return [];
  const written = scalarParameter(action, 'InvocationTimeLimitSeconds');
  if (written !== undefined && isDynamic(written)) return [];
  const seconds = Number(written);
  const longest = isAsynchronous(action) ? longestAsynchronous : longestSynchronous;
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= longest) return [];
  return [fault('lambda_limit', action, `has a time limit that is not a whole number of seconds from 1 to ${longest}`)];
}
