// flow-security-keys/flow reads, checks, writes and plays Amazon Connect flows. It has no dependencies on a platform, so that
// CDK projects, CI and web pages can use it.

export { FlowKeysError } from '../errors.ts';
export { callFlow } from './call/call.ts';
export type {
  CallerAct,
  CallParties,
  ContactFlowEvent,
  FunctionOutcome,
  Invocation,
  KeyRequest,
} from './call/parties.ts';
export type { CallContext } from './call/state.ts';
export type { CallEnd, CallStep, CallTranscript } from './call/transcript.ts';
export { checkFlow, type FlowCheckOptions, type FlowReport } from './check.ts';
export type { UploadedKeys } from './checks/input.ts';
export { type FindingCode, type FlowFinding, findingKinds, type Severity } from './findings.ts';
export { compareSettings, type SettingFault } from './function-settings.ts';
export {
  branchesOf,
  type FlowAction,
  type FlowDocument,
  listMember,
  mapTexts,
  member,
  type Transitions,
  textParameter,
  textsIn,
} from './language.ts';
export { readFlow } from './read.ts';
export type { Unknown } from './unknown.ts';
export {
  type FlowField,
  functionSettings,
  kindLengths,
} from './write/fields.ts';
export { type FieldKind, type FlowLanguage, wordings } from './write/wording.ts';
export {
  type AnswerCase,
  type FlowForm,
  type MessageName,
  outcomeAttribute,
  type WriteFlowOptions,
  writeFlow,
} from './write/write.ts';
