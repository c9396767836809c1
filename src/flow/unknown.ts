import { functionInvoked } from './follow/facts.ts';
import type { Followed } from './follow/follow.ts';
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

/** What the check cannot know from the flow, and how it can be known. */
export interface Unknown {
  /** The block's identifier; absent where it is the whole flow. */
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

export function unknownsOf(flow: FlowDocument, followed: Followed): readonly Unknown[] {
  return [
    ...(flow.Version === 'former'
      ? [
          {
            message:
              'The flow is an export of the former flow language, which is checked as far as its blocks are known.',
          },
        ]
      : []),
    ...(followed.isExact
      ? []
      : [
          {
            message:
              'There are so many ways through the flow that the check merges some: where an input is kept may be shown too often.',
          },
        ]),
    ...unknownRecording(followed),
    ...flow.Actions.flatMap(unknownOfBlock),
    ...unknownKeyIds(followed),
  ];
}

function unknownRecording({ points }: Followed): readonly Unknown[] {
  const inputs = points.filter(({ facts, token }) => facts.isEncrypted && token === undefined);
  if (!inputs.some(({ control }) => control.ivrRecording === 'unknown')) return [];
  const message =
    'The flow does not set the recording before an input: an earlier flow, or the instance, may record the call.';
  return [{ message }];
}

function unknownOfBlock(action: FlowAction): readonly Unknown[] {
  const { Identifier: block, Type } = action;
  const unknown: Unknown[] = [];
  if (!knownTypes.has(Type)) unknown.push({ block, message: `The check does not know blocks of type ${Type}.` });
  if (Type === 'InvokeFlowModule')
    unknown.push({ block, message: 'What the module records, logs and does with inputs: check the module, too.' });
  if (member(action.Parameters, 'InputEncryption') !== undefined) {
    for (const [name, what] of [
      ['EncryptionKeyId', 'key id'],
      ['Key', 'certificate'],
    ] as const) {
      const text = textParameter(action, 'InputEncryption', name);
      if (text === undefined || isDynamic(text))
        unknown.push({ block, message: `Its ${what} is known only when the flow is deployed, or in a call.` });
    }
  } else if (textsIn(action.Parameters).some(isFilledIn)) {
    unknown.push({ block, message: 'A template fills in some of its values.' });
  }
  return unknown;
}

function unknownKeyIds({ points }: Followed): readonly Unknown[] {
  const blocks = points
    .filter(
      ({ facts, token }) =>
        facts.action.Type === functionInvoked &&
        token?.kind === 'input' &&
        parametersWith(token, facts).length > 0 &&
        !facts.assignments.some(({ name, value }) => name === 'key-id' && !isDynamic(value)),
    )
    .map(({ facts }) => facts.action.Identifier);
  return [...new Set(blocks)].map((block) => ({
    block,
    message:
      'Whether the function knows the key id: it is not passed as a fixed "key-id"; with KEY_ID=required the function refuses such a call.',
  }));
}
