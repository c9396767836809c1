import { type FlowAction, type FlowDocument, member, textParameter } from '../../cli/connect/flow/language.ts';

/** What a caller and Connect do while a flow runs. */
export interface CallParties {
  /** What the caller types when asked; `undefined` is nothing. */
  types(prompt: string): string | undefined;
  /** What Connect makes of it. */
  encrypts(input: string, keyId: string, certificate: string): Promise<string>;
  /** What the function answers; a rejection is its failure. */
  invokes(parameters: Readonly<Record<string, string>>): Promise<unknown>;
}

/** What happened in a call. */
export interface Call {
  readonly heard: readonly string[];
  readonly parameters: Readonly<Record<string, string>> | undefined;
  /** What Connect would have written to the flow log, while that was on. */
  readonly logged: readonly string[];
}

/** Runs a flow as Connect does, as far as AWS's pages say how: the actions that this product writes, no others. */
export async function callThrough(flow: FlowDocument, parties: CallParties): Promise<Call> {
  const heard: string[] = [];
  const logged: string[] = [];
  const attributes: Record<string, string> = {};
  let storedInput = '';
  let external: unknown;
  let parameters: Record<string, string> | undefined;
  let isLogged = true;

  /** A text, or what a reference as `$.External.data.success` stands for. */
  function resolve(text: string): string {
    if (text === '$.StoredCustomerInput') return storedInput;
    if (text.startsWith('$.Attributes.')) return attributes[text.slice(13)] ?? '';
    if (text.startsWith('$.External.')) return String(text.slice(11).split('.').reduce(member, external));
    return text;
  }

  const resolved = (value: unknown) =>
    Object.fromEntries(Object.entries(Object(value)).map(([name, text]) => [name, resolve(String(text))]));

  const behaviours: Readonly<Record<string, (action: FlowAction) => Promise<'next' | 'error' | 'condition' | 'end'>>> =
    {
      async UpdateFlowLoggingBehavior(action) {
        isLogged = textParameter(action, 'FlowLoggingBehavior') !== 'Disabled';
        return 'next';
      },
      async GetParticipantInput(action) {
        const typed = parties.types(textParameter(action, 'Text') ?? '');
        const [keyId = '', certificate = ''] = ['EncryptionKeyId', 'Key'].map((name) =>
          textParameter(action, 'InputEncryption', name),
        );
        const maximum = Number(textParameter(action, 'InputValidation', 'CustomValidation', 'MaximumLength'));
        storedInput =
          typed === undefined ? 'Timeout' : await parties.encrypts(typed.slice(0, maximum), keyId, certificate);
        return 'next';
      },
      async Compare() {
        return 'condition';
      },
      async UpdateContactAttributes(action) {
        Object.assign(attributes, resolved(action.Parameters['Attributes']));
        return 'next';
      },
      async InvokeLambdaFunction(action) {
        parameters = resolved(action.Parameters['LambdaInvocationAttributes']);
        try {
          external = await parties.invokes(parameters);
          return 'next';
        } catch {
          return 'error';
        }
      },
      async MessageParticipant(action) {
        heard.push(textParameter(action, 'Text') ?? '');
        return 'next';
      },
      async DisconnectParticipant() {
        return 'end';
      },
    };

  let action = flow.Actions.find(({ Identifier }) => Identifier === flow.StartAction);
  while (action) {
    if (isLogged) logged.push(JSON.stringify([action.Identifier, storedInput, attributes, external]));
    const outcome = await behaviours[action.Type]?.(action);
    const { NextAction, Errors = [], Conditions = [] } = action.Transitions;
    const compared = resolve(textParameter(action, 'ComparisonValue') ?? '');
    const met = Conditions.find(({ Condition }) => Condition.Operands.includes(compared));
    const unmet = Errors.find(({ ErrorType }) => ErrorType === 'NoMatchingCondition');
    const failed = Errors.find(({ ErrorType }) => ErrorType === 'NoMatchingError');
    const next = { next: NextAction, error: failed?.NextAction, condition: (met ?? unmet)?.NextAction, end: undefined };
    const following = outcome && next[outcome];
    if (outcome !== 'end' && following === undefined) throw new Error(`The call is lost at "${action.Identifier}".`);
    action = flow.Actions.find(({ Identifier }) => Identifier === following);
  }
  return { heard, parameters, logged };
}
