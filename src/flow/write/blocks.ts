import type { FlowAction, Transitions } from '../language.ts';

// How the flow language writes each block that the writer uses.

type Branches = Omit<Transitions, 'NextAction'>;

export function action(
  Identifier: string,
  Type: string,
  Parameters: Readonly<Record<string, unknown>>,
  NextAction?: string,
  { Errors = [], Conditions = [] }: Branches = {},
): FlowAction {
  return {
    Identifier,
    Type,
    Parameters,
    Transitions: { ...(NextAction !== undefined && { NextAction }), Errors, Conditions },
  };
}

/** A branch for each error type. */
export function onError(next: string, ...types: readonly string[]): Branches {
  const all = types.length > 0 ? types : ['NoMatchingError'];
  return { Errors: all.map((ErrorType) => ({ ErrorType, NextAction: next })) };
}

/** A comparison with the texts that lead elsewhere; anything else leads to `otherwise`. */
export function compare(
  identifier: string,
  value: string,
  ways: readonly (readonly [operand: string, next: string])[],
  otherwise: string,
): FlowAction {
  return action(identifier, 'Compare', { ComparisonValue: value }, otherwise, {
    Errors: [{ ErrorType: 'NoMatchingCondition', NextAction: otherwise }],
    Conditions: equal(ways),
  });
}

export function equal(
  ways: readonly (readonly [operand: string, next: string])[],
): NonNullable<Transitions['Conditions']> {
  return ways.map(([operand, NextAction]) => ({
    NextAction,
    Condition: { Operator: 'Equals', Operands: [operand] },
  }));
}

/** A message, after which the call goes on whether or not it was heard. */
export function message(identifier: string, text: string, next: string): FlowAction {
  return action(identifier, 'MessageParticipant', { Text: text }, next, onError(next));
}

export function logging(identifier: string, behavior: 'Enabled' | 'Disabled', next: string): FlowAction {
  return action(identifier, 'UpdateFlowLoggingBehavior', { FlowLoggingBehavior: behavior }, next);
}

/** Who is recorded: nobody, or some of them. */
export function recording(identifier: string, recorded: readonly Recorded[], next: string, failed: string): FlowAction {
  const participants = (
    [
      ['agent', 'Agent'],
      ['customer', 'Customer'],
    ] as const
  ).flatMap(([who, name]) => (recorded.includes(who) ? [name] : []));
  const behavior = {
    RecordedParticipants: participants,
    IVRRecordingBehavior: recorded.includes('ivr') ? 'Enabled' : 'Disabled',
  };
  return action(identifier, 'UpdateContactRecordingBehavior', { RecordingBehavior: behavior }, next, onError(failed));
}

/** What can be recorded: the agent, the customer, and the automated interaction. */
export type Recorded = 'agent' | 'customer' | 'ivr';

export interface Invoked {
  readonly functionArn: string;
  readonly seconds: number;
  readonly parameters: Readonly<Record<string, string>>;
}

export function invoke(
  identifier: string,
  { functionArn, seconds, parameters }: Invoked,
  next: string,
  failed: string,
): FlowAction {
  const given = {
    LambdaFunctionARN: functionArn,
    InvocationTimeLimitSeconds: String(seconds),
    InvocationType: 'SYNCHRONOUS',
    LambdaInvocationAttributes: parameters,
    ResponseValidation: { ResponseType: 'JSON' },
  };
  return action(identifier, 'InvokeLambdaFunction', given, next, onError(failed));
}
