import { isRecord } from '../encoding/json.ts';
import { type FlowAction, type FlowDocument, listMember, member, type Transitions } from './language.ts';

// Flow editor exports from before the documented flow language: `modules`, each with `parameters` by name and `branches` by
// condition. Blocks that do not handle inputs keep only their type and branches.

const types: Readonly<Record<string, string>> = {
  StoreUserInput: 'GetParticipantInput',
  GetUserInput: 'GetParticipantInput',
  InvokeExternalResource: 'InvokeLambdaFunction',
  SetAttributes: 'UpdateContactAttributes',
  SetLoggingBehavior: 'UpdateFlowLoggingBehavior',
  SetRecordingBehavior: 'UpdateContactRecordingBehavior',
  CheckAttribute: 'Compare',
  PlayPrompt: 'MessageParticipant',
  Disconnect: 'DisconnectParticipant',
  Transfer: 'TransferContactToQueue',
  EndFlowExecution: 'EndFlowExecution',
};

/** Reads a flow in the former flow language, as far as its blocks mean the same as today's. */
export function readFormerFlow(flow: unknown): FlowDocument {
  return {
    Version: 'former',
    StartAction: String(member(flow, 'start') ?? ''),
    Actions: listMember(flow, 'modules').filter(isRecord).map(readModule),
  };
}

interface FormerParameters {
  /** The value of a parameter as text. */
  text(name: string): string | undefined;
  readonly all: readonly unknown[];
}

function readModule(module: unknown): FlowAction {
  const former = String(member(module, 'type'));
  const isFlowTransfer = former === 'Transfer' && member(module, 'target') === 'Flow';
  const type = isFlowTransfer ? 'TransferToFlow' : (types[former] ?? former);
  const all = listMember(module, 'parameters');
  const text = (name: string) => {
    const value = member(
      all.find((entry) => member(entry, 'name') === name),
      'value',
    );
    return value === undefined || value === null ? undefined : String(value);
  };
  return {
    Identifier: String(member(module, 'id')),
    Type: type,
    Parameters: readParameters[type]?.({ all, text }, former) ?? {},
    Transitions: readBranches(listMember(module, 'branches')),
  };
}

const readParameters: Readonly<
  Record<string, (parameters: FormerParameters, former: string) => Readonly<Record<string, unknown>>>
> = {
  GetParticipantInput: ({ text }, former) => ({
    ...(text('Text') !== undefined && { Text: text('Text') }),
    InputTimeLimitSeconds: text('Timeout') ?? '5',
    StoreInput: former === 'StoreUserInput' ? 'True' : 'False',
    ...(former === 'StoreUserInput' && {
      InputValidation:
        text('CustomerInputType') === 'PhoneNumber'
          ? { PhoneNumberValidation: {} }
          : { CustomValidation: { MaximumLength: text('MaxDigits') ?? '20' } },
    }),
    ...(text('EncryptEntry')?.toLowerCase() === 'true' && {
      InputEncryption: { EncryptionKeyId: text('EncryptionKeyId') ?? '', Key: text('EncryptionKey') ?? '' },
    }),
  }),
  InvokeLambdaFunction: ({ text, all }) => ({
    LambdaFunctionARN: text('FunctionArn') ?? '',
    InvocationTimeLimitSeconds: text('TimeLimit') ?? '3',
    LambdaInvocationAttributes: pairs(all, 'Parameter'),
    // The former language has no other response validation.
    ResponseValidation: { ResponseType: 'STRING_MAP' },
  }),
  UpdateContactAttributes: ({ all }) => ({ Attributes: pairs(all, 'Attribute') }),
  UpdateFlowLoggingBehavior: ({ text }) => ({
    FlowLoggingBehavior: text('LoggingBehavior')?.toLowerCase() === 'enable' ? 'Enabled' : 'Disabled',
  }),
  UpdateContactRecordingBehavior: ({ text }) => ({
    RecordingBehavior: {
      RecordedParticipants: (text('RecordingBehaviorOption') ?? '') === 'Enable' ? ['Agent', 'Customer'] : [],
    },
  }),
  Compare: ({ text }) => ({ ComparisonValue: pathOf(text('Namespace'), text('Attribute') ?? '') }),
  MessageParticipant: ({ text }) => ({ Text: text('Text') ?? '' }),
};

/** `{name: "Parameter", key: "card", value: "Stored customer input", namespace: "System"}`, by key. */
function pairs(all: FormerParameters['all'], name: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    all
      .filter((entry) => member(entry, 'name') === name)
      .map((entry) => {
        const [namespace, value] = [member(entry, 'namespace') ?? undefined, String(member(entry, 'value'))];
        return [String(member(entry, 'key')), namespace === undefined ? value : pathOf(String(namespace), value)];
      }),
  );
}

function pathOf(namespace: string | undefined, name: string): string {
  if (namespace === 'External') return `$.External.${name}`;
  if (namespace === 'User Defined') return `$.Attributes.${name}`;
  return name === 'Stored customer input' ? '$.StoredCustomerInput' : `$.${name.replaceAll(' ', '')}`;
}

const errorTypes: Readonly<Record<string, string>> = { Error: 'NoMatchingError', NoMatch: 'NoMatchingCondition' };

function readBranches(branches: readonly unknown[]): Transitions {
  const read = branches.flatMap((branch) => {
    const NextAction = member(branch, 'transition');
    return typeof NextAction === 'string' ? [{ branch, NextAction, name: String(member(branch, 'condition')) }] : [];
  });
  const success = read.find(({ name }) => name === 'Success');
  return {
    ...(success && { NextAction: success.NextAction }),
    Errors: read.flatMap(({ NextAction, name }) => {
      const ErrorType = errorTypes[name];
      return ErrorType === undefined ? [] : [{ ErrorType, NextAction }];
    }),
    Conditions: read
      .filter(({ name }) => name === 'Evaluate')
      .map(({ NextAction, branch }) => ({
        NextAction,
        Condition: {
          Operator: String(member(branch, 'conditionType') ?? 'Equals'),
          Operands: [String(member(branch, 'conditionValue'))],
        },
      })),
  };
}
