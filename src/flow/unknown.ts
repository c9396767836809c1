import type { Followed, Point } from './follow/follow.ts';
import { parametersWith } from './follow/token.ts';
import {
  type FlowAction,
  type FlowDocument,
  isDynamic,
  isFilledIn,
  member,
  textParameter,
  textsIn,
} from './language.ts';

/** Something that the flow alone does not tell. */
export interface Unknown {
  /** The block's identifier; absent if it concerns the whole flow. */
  readonly block?: string;
  readonly message: string;
}

// The types of https://docs.aws.amazon.com/connect/latest/APIReference/flow-language-actions.html
const knownTypes: ReadonlySet<string> = new Set(
  `AssociateContactToCustomerProfile AuthenticateParticipant CheckHoursOfOperation CheckMetricData
  CheckOutboundCallStatus Compare CompleteOutboundCall ConnectParticipantWithLexBot CreateCallbackContact CreateCase
  CreateContact CreateCustomerProfile CreatePersistentContactAssociation CreateTask CreateWisdomSession DequeueContactAndTransferToQueue
  DisconnectParticipant DistributeByPercentage EndFlowExecution EndFlowModuleExecution EvaluateDataTableValues
  GetCalculatedAttributesForCustomerProfile GetCase GetCustomerProfile GetCustomerProfileObject GetMetricData
  GetParticipantInput InvokeFlowModule InvokeLambdaFunction LoadContactContent Loop MessageParticipant
  MessageParticipantIteratively ResumeContact ShowView StartMediaStreaming StopMediaStreaming StartVoiceIDStream
  CheckVoiceId SetVoiceIdEnrollment TagContact UnTagContact TransferContactToAgent TransferContactToQueue
  TransferParticipantToThirdParty TransferToFlow UpdateCase UpdateContactAttributes UpdateContactCallbackNumber
  UpdateContactData UpdateContactEventHooks UpdateContactMediaProcessing UpdateContactMediaStreamingBehavior
  UpdateContactRecordingAndAnalyticsBehavior UpdateContactRecordingBehavior UpdateContactRoutingBehavior
  UpdateContactRoutingCriteria UpdateContactTargetQueue UpdateContactTextToSpeechVoice UpdateCustomerProfile
  UpdateFlowAttributes UpdateFlowLoggingBehavior UpdatePreviousContactParticipantState Wait LoadLambdaResult`.split(
    /\s+/,
  ),
);

export function* findUnknowns(flow: FlowDocument, { points, isExact }: Followed): Generator<Unknown> {
  if (flow.Version === 'former')
    yield { message: 'The flow is in the former flow language; only the blocks that the check knows are checked.' };
  if (!isExact)
    yield { message: 'The flow has so many paths that the check merges some; it may list too many kept inputs.' };
  const takesInput = ({ facts, token }: Point) => facts.isEncrypted && token === undefined;
  if (points.some((point) => takesInput(point) && point.control.ivrRecording === 'unknown'))
    yield {
      message:
        'The flow does not set the recording before an input; an earlier flow or the instance may record the call.',
    };
  for (const action of flow.Actions)
    for (const message of unknownsOfBlock(action)) yield { block: action.Identifier, message };
  for (const block of new Set(points.filter(passesNoKeyId).map(({ facts }) => facts.action.Identifier)))
    yield {
      block,
      message:
        'It passes no fixed "key-id", so whether the function holds the key is not known; with KEY_ID=required the function rejects the call.',
    };
}

function* unknownsOfBlock(action: FlowAction): Generator<string> {
  const { Type, Parameters } = action;
  if (!knownTypes.has(Type)) yield `The check does not know blocks of type ${Type}.`;
  if (Type === 'InvokeFlowModule') yield 'What the module records, logs and does with inputs; check the module, too.';
  if (member(Parameters, 'InputEncryption') === undefined) {
    if (textsIn(Parameters).some(isFilledIn)) yield 'A template fills in some of its values.';
    return;
  }
  for (const [name, what] of Object.entries({ EncryptionKeyId: 'key id', Key: 'certificate' })) {
    const text = textParameter(action, 'InputEncryption', name);
    if (text === undefined || isDynamic(text))
      yield `Its ${what} is known only when the flow is deployed, or during a call.`;
  }
}

function passesNoKeyId({ facts, token }: Point): boolean {
  return (
    token?.kind === 'input' &&
    parametersWith(token, facts).length > 0 &&
    !facts.assignments.some(({ name, value }) => name === 'key-id' && !isDynamic(value))
  );
}
