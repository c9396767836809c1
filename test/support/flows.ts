import type { FlowAction, FlowDocument } from 'flow-security-keys/flow';

/** A block that tests can change. */
export interface Block {
  Identifier: string;
  Type: string;
  Parameters: Record<string, unknown>;
  Transitions: {
    NextAction?: string;
    Errors: { ErrorType: string; NextAction: string }[];
    Conditions: { NextAction: string; Condition: { Operator: string; Operands: string[] } }[];
  };
}

export interface EditableFlow extends Omit<FlowDocument, 'Actions'> {
  StartAction: string;
  Actions: Block[];
}

export const keyId = 'b7f3c2a1-2222-4333-8444-5555aaaa5555';
export const functionArn = 'arn:aws:lambda:us-east-1:123456789012:function:decrypt';

export function block(
  Identifier: string,
  Type: string,
  Parameters: Record<string, unknown>,
  next?: string,
  errors: Readonly<Record<string, string>> = {},
): Block {
  return {
    Identifier,
    Type,
    Parameters,
    Transitions: {
      ...(next !== undefined && { NextAction: next }),
      Errors: Object.entries(errors).map(([ErrorType, NextAction]) => ({ ErrorType, NextAction })),
      Conditions: [],
    },
  };
}

export function compare(Identifier: string, value: string, operand: string, equal: string, otherwise: string): Block {
  const compared = block(Identifier, 'Compare', { ComparisonValue: value }, otherwise, {
    NoMatchingCondition: otherwise,
  });
  compared.Transitions.Conditions.push({ NextAction: equal, Condition: { Operator: 'Equals', Operands: [operand] } });
  return compared;
}

export function encryptedInput(Identifier: string, certificate: string, next: string): Block {
  const parameters = {
    Text: `${Identifier}?`,
    InputTimeLimitSeconds: '10',
    StoreInput: 'True',
    InputValidation: { CustomValidation: { MaximumLength: '20' } },
    InputEncryption: { EncryptionKeyId: keyId, Key: certificate },
    DTMFConfiguration: { InputTerminationSequence: '#', DisableCancelKey: 'False', InterdigitTimeLimitSeconds: '5' },
  };
  return block(Identifier, 'GetParticipantInput', parameters, next, { NoMatchingError: 'Sorry' });
}

export function lambda(Identifier: string, parameters: Record<string, string>, next: string): Block {
  return block(
    Identifier,
    'InvokeLambdaFunction',
    {
      LambdaFunctionARN: functionArn,
      InvocationTimeLimitSeconds: '8',
      InvocationType: 'SYNCHRONOUS',
      LambdaInvocationAttributes: parameters,
      ResponseValidation: { ResponseType: 'JSON' },
    },
    next,
    { NoMatchingError: 'Sorry' },
  );
}

export function message(Identifier: string, next = 'End'): Block {
  return block(Identifier, 'MessageParticipant', { Text: `${Identifier}.` }, next, { NoMatchingError: next });
}

/** A flow with two paths, chosen by a digit. Each asks for a card, decrypts it and compares the answer. */
export function flowOfTwoWays(certificate: string): EditableFlow {
  const menu = block('Menu', 'GetParticipantInput', { Text: 'One or two?', StoreInput: 'False' }, undefined, {
    NoMatchingError: 'Sorry',
    NoMatchingCondition: 'Card last',
    InputTimeLimitExceeded: 'Sorry',
  });
  menu.Transitions.Conditions.push({ NextAction: 'Card first', Condition: { Operator: 'Equals', Operands: ['1'] } });
  const recording = { RecordingBehavior: { RecordedParticipants: [], IVRRecordingBehavior: 'Disabled' } };
  return {
    Version: '2019-10-30',
    StartAction: 'Logging off',
    Actions: [
      block('Logging off', 'UpdateFlowLoggingBehavior', { FlowLoggingBehavior: 'Disabled' }, 'Recording off'),
      block('Recording off', 'UpdateContactRecordingBehavior', recording, 'Menu', { NoMatchingError: 'Sorry' }),
      menu,
      ...['first', 'last'].flatMap((way) => [
        encryptedInput(`Card ${way}`, certificate, `Typed ${way}`),
        compare(`Typed ${way}`, '$.StoredCustomerInput', 'Timeout', 'Sorry', `Decrypt ${way}`),
        lambda(`Decrypt ${way}`, { 'key-id': keyId, card: '$.StoredCustomerInput' }, `Done ${way}`),
        compare(`Done ${way}`, '$.External.data.success', 'true', `Thanks ${way}`, 'Sorry'),
        message(`Thanks ${way}`),
      ]),
      message('Sorry'),
      block('End', 'DisconnectParticipant', {}),
    ],
  };
}

export function blockOf({ Actions }: EditableFlow, identifier: string): Block {
  const found = Actions.find(({ Identifier }) => Identifier === identifier);
  if (found === undefined) throw new Error(`There is no block "${identifier}".`);
  return found;
}

/** Inserts a block before another, on every path to it. */
export function insertBefore(flow: EditableFlow, identifier: string, inserted: Block): void {
  redirect(flow, identifier, inserted.Identifier);
  inserted.Transitions.NextAction = identifier;
  flow.Actions.push(inserted);
}

/** Redirects every branch from one block to another. */
export function redirect(flow: EditableFlow, from: string, to: string): void {
  for (const { Transitions } of flow.Actions) {
    for (const branch of [Transitions, ...Transitions.Errors, ...Transitions.Conditions]) {
      if (branch.NextAction === from) branch.NextAction = to;
    }
  }
}

/** The next blocks of a block. */
export function successors({ Transitions }: FlowAction): readonly (string | undefined)[] {
  const { NextAction, Errors = [], Conditions = [] } = Transitions;
  return [NextAction, ...[...Errors, ...Conditions].map((branch) => branch.NextAction)];
}
