import { isRecord } from '../encoding/json.ts';
import { type FlowAction, type FlowDocument, member } from './language.ts';

// Exports of the flow editor before the flow language had its documented form: `modules`, each with `parameters` by
// name and `branches` by condition. Only what handles inputs is carried over; the rest keeps its type and branches.

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

/** Reads what is left of the former language, as far as its blocks say the same as today's. */
export function readFormerFlow(flow: unknown): FlowDocument {
  const modules = member(flow, 'modules');
  const list = Array.isArray(modules) ? modules.filter(isRecord) : [];
  return {
    Version: 'former',
    StartAction: String(member(flow, 'start') ?? ''),
    Actions: list.map(readModule),
  };
}

interface Parameters {
  /** The value of a parameter as text; `undefined` where there is none. */
  text(name: string): string | undefined;
  readonly all: readonly Readonly<Record<string, unknown>>[];
}

function readModule(module: Readonly<Record<string, unknown>>): FlowAction {
  const former = String(module['type']);
  const type = former === 'Transfer' && module['target'] === 'Flow' ? 'TransferToFlow' : (types[former] ?? former);
  const all = Array.isArray(module['parameters']) ? module['parameters'].filter(isRecord) : [];
  const parameters: Parameters = {
    all,
    text(name) {
      const found = all.find((entry) => entry['name'] === name);
      if (found === undefined || found['value'] === undefined || found['value'] === null) return undefined;
      return String(found['value']);
    },
  };
  return {
    Identifier: String(module['id']),
    Type: type,
    Parameters: readParameters[type]?.(parameters, former) ?? {},
    Transitions: readBranches(module['branches']),
  };
}

const readParameters: Readonly<
  Record<string, (parameters: Parameters, former: string) => Readonly<Record<string, unknown>>>
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
    // The former language knows no other answers.
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
function pairs(all: Parameters['all'], name: string): Readonly<Record<string, string>> {
  const named = all.filter((entry) => entry['name'] === name);
  return Object.fromEntries(
    named.map((entry) => [
      String(entry['key']),
      entry['namespace'] === undefined || entry['namespace'] === null
        ? String(entry['value'])
        : pathOf(String(entry['namespace']), String(entry['value'])),
    ]),
  );
}

function pathOf(namespace: string | undefined, name: string): string {
  if (namespace === 'External') return `$.External.${name}`;
  if (namespace === 'User Defined') return `$.Attributes.${name}`;
  return name === 'Stored customer input' ? '$.StoredCustomerInput' : `$.${name.replaceAll(' ', '')}`;
}

function readBranches(branches: unknown): FlowAction['Transitions'] {
  const list = Array.isArray(branches) ? branches.filter(isRecord) : [];
  const read = list.flatMap((branch) =>
    typeof branch['transition'] === 'string' ? [{ ...branch, next: branch['transition'] } as const] : [],
  );
  const named = (branch: object) => String(member(branch, 'condition'));
  const success = read.find((branch) => named(branch) === 'Success');
  const errors: Readonly<Record<string, string>> = { Error: 'NoMatchingError', NoMatch: 'NoMatchingCondition' };
  return {
    ...(success && { NextAction: success.next }),
    Errors: read.flatMap((branch) => {
      const ErrorType = errors[named(branch)];
      return ErrorType === undefined ? [] : [{ ErrorType, NextAction: branch.next }];
    }),
    Conditions: read
      .filter((branch) => named(branch) === 'Evaluate')
      .map((branch) => ({
        NextAction: branch.next,
        Condition: {
          Operator: String(member(branch, 'conditionType') ?? 'Equals'),
          Operands: [String(member(branch, 'conditionValue'))],
        },
      })),
  };
}
