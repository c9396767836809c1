import type { FlowAction, FlowDocument, Transitions } from '../../../src/flow/index.ts';

/** An input that the flow asks for. */
export interface FlowField {
  /** The function's parameter: `my-secret-string`, or a name as `card`. */
  readonly name: string;
  readonly prompt: string;
  readonly maxDigits: number;
}

export interface FlowOptions {
  readonly keyId: string;
  /** PEM text. */
  readonly certificate: string;
  readonly functionArn: string;
  readonly fields: readonly FlowField[];
  readonly successMessage: string;
  readonly failureMessage: string;
  readonly silenceMessage: string;
}

const functionSeconds = 8;
const storedInput = '$.StoredCustomerInput';

/**
 * A flow that asks for each field in turn with secure input and no agent, hands what Connect encrypted to the
 * Lambda function, and says whether that worked. Flow logging is off from the start.
 */
export function writeFlow(options: FlowOptions): FlowDocument {
  const { fields, keyId, functionArn, successMessage, failureMessage, silenceMessage } = options;
  const names = fields.map(({ name }) => name);
  const first = names[0] ?? '';
  const actions: readonly FlowAction[] = [
    action(
      'Flow logging off',
      'UpdateFlowLoggingBehavior',
      { FlowLoggingBehavior: 'Disabled' },
      { NextAction: ask(first) },
    ),
    ...fields.flatMap((field, index) => fieldActions(field, names[index + 1], options)),
    action(
      'Decrypt',
      'InvokeLambdaFunction',
      {
        LambdaFunctionARN: functionArn,
        InvocationTimeLimitSeconds: String(functionSeconds),
        InvocationType: 'SYNCHRONOUS',
        LambdaInvocationAttributes: { 'key-id': keyId, ...inputs(names) },
        ResponseValidation: { ResponseType: 'JSON' },
      },
      { NextAction: 'Was it decrypted?', ...onError('Failure message') },
    ),
    // The function answers failures too; only its answer says which it is.
    action(
      'Was it decrypted?',
      'Compare',
      { ComparisonValue: '$.External.data.success' },
      { NextAction: 'Failure message', ...equals('true', 'Success message'), ...otherwise('Failure message') },
    ),
    message('Success message', successMessage),
    message('Failure message', failureMessage),
    message('Silence message', silenceMessage),
    action('Disconnect', 'DisconnectParticipant', {}, {}),
  ];
  return { Version: '2019-10-30', StartAction: 'Flow logging off', Metadata: metadata(actions), Actions: actions };
}

/** One field: ask for it, see that there was input, and keep it if there is more to ask. */
function fieldActions(
  { name, prompt, maxDigits }: FlowField,
  following: string | undefined,
  { keyId, certificate, fields }: FlowOptions,
): readonly FlowAction[] {
  const isOnly = fields.length === 1;
  const next = isOnly ? 'Decrypt' : keep(name);
  const input = {
    Text: prompt,
    InputTimeLimitSeconds: '10',
    StoreInput: 'True',
    InputValidation: { CustomValidation: { MaximumLength: String(maxDigits) } },
    InputEncryption: { EncryptionKeyId: keyId, Key: certificate },
    DTMFConfiguration: { InputTerminationSequence: '#', DisableCancelKey: 'False', InterdigitTimeLimitSeconds: '5' },
  };
  return [
    action(ask(name), 'GetParticipantInput', input, { NextAction: check(name), ...onError('Failure message') }),
    // A caller who types nothing takes the same branch, with this text for an input.
    action(
      check(name),
      'Compare',
      { ComparisonValue: storedInput },
      { NextAction: next, ...equals('Timeout', 'Silence message'), ...otherwise(next) },
    ),
    ...(isOnly
      ? []
      : [
          action(
            keep(name),
            'UpdateContactAttributes',
            { Attributes: { [name]: storedInput }, TargetContact: 'Current' },
            { NextAction: following === undefined ? 'Decrypt' : ask(following), ...onError('Failure message') },
          ),
        ]),
  ];
}

const ask = (name: string) => `Ask for ${name}`;
const check = (name: string) => `Was ${name} typed?`;
const keep = (name: string) => `Keep ${name}`;

function inputs(names: readonly string[]): Readonly<Record<string, string>> {
  const source = (name: string) => (names.length === 1 ? storedInput : `$.Attributes.${name}`);
  return Object.fromEntries(names.map((name) => [name, source(name)]));
}

function message(identifier: string, text: string): FlowAction {
  return action(
    identifier,
    'MessageParticipant',
    { Text: text },
    { NextAction: 'Disconnect', ...onError('Disconnect') },
  );
}

function action(
  Identifier: string,
  Type: string,
  Parameters: Readonly<Record<string, unknown>>,
  { NextAction, Errors = [], Conditions = [] }: Transitions,
): FlowAction {
  const next = NextAction === undefined ? {} : { NextAction };
  return { Identifier, Type, Parameters, Transitions: { ...next, Errors, Conditions } };
}

function onError(NextAction: string): Pick<Transitions, 'Errors'> {
  return { Errors: [{ ErrorType: 'NoMatchingError', NextAction }] };
}

function otherwise(NextAction: string): Pick<Transitions, 'Errors'> {
  return { Errors: [{ ErrorType: 'NoMatchingCondition', NextAction }] };
}

function equals(operand: string, NextAction: string): Pick<Transitions, 'Conditions'> {
  return { Conditions: [{ NextAction, Condition: { Operator: 'Equals', Operands: [operand] } }] };
}

/** Where the flow editor draws each block. */
function metadata(actions: readonly FlowAction[]): Readonly<Record<string, unknown>> {
  const column = 250;
  const row = 200;
  const columns = 6;
  const place = (index: number) => ({ x: 200 + (index % columns) * column, y: Math.floor(index / columns) * row });
  return {
    entryPointPosition: { x: 20, y: 0 },
    ActionMetadata: Object.fromEntries(
      actions.map(({ Identifier }, index) => [Identifier, { position: place(index), isFriendlyName: true }]),
    ),
  };
}
