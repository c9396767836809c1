import type { FlowAction, Transitions } from '../language.ts';
import { functionSeconds } from './fields.ts';

// The blocks that the writer uses, in the flow language.

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

/** One branch for each error type, all to the same block. */
export function onError(next: string, ...types: readonly string[]): Branches {
  const all = types.length > 0 ? types : ['NoMatchingError'];
  return { Errors: all.map((ErrorType) => ({ ErrorType, NextAction: next })) };
}

/** Compares a value with texts, each with its next block; anything else leads to `otherwise`. */
export function compare(
  identifier: string,
  value: string,
  ways: readonly (readonly [operand: string, next: string])[],
  otherwise: string,
): FlowAction {
  return action(identifier, 'Compare', { ComparisonValue: value }, otherwise, {
    ...onError(otherwise, 'NoMatchingCondition'),
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

/** A message. The call continues even if the message fails. */
export function message(identifier: string, text: string, next: string): FlowAction {
  return action(identifier, 'MessageParticipant', { Text: text }, next, onError(next));
}

export function logging(identifier: string, behavior: 'Enabled' | 'Disabled', next: string): FlowAction {
  return action(identifier, 'UpdateFlowLoggingBehavior', { FlowLoggingBehavior: behavior }, next);
}

/** What can be recorded: the agent, the customer, and the automated interaction. */
export type Recorded = 'agent' | 'customer' | 'ivr';

/** Sets what is recorded; nothing for an empty list. */
export function recording(identifier: string, recorded: readonly Recorded[], next: string, failed: string): FlowAction {
  const RecordingBehavior = {
    RecordedParticipants: [
      ...(recorded.includes('agent') ? ['Agent'] : []),
      ...(recorded.includes('customer') ? ['Customer'] : []),
    ],
    IVRRecordingBehavior: recorded.includes('ivr') ? 'Enabled' : 'Disabled',
  };
  return action(identifier, 'UpdateContactRecordingBehavior', { RecordingBehavior }, next, onError(failed));
}

/** Puts the agent who transferred the caller on hold, or takes the agent off hold. */
export function participantState(identifier: string, state: string, next: string, failed: string): FlowAction {
  const type = 'UpdatePreviousContactParticipantState';
  return action(identifier, type, { PreviousContactParticipantState: state }, next, onError(failed));
}

/** Invokes the function, and waits for its answer as long as Connect allows. */
export function invoke(
  identifier: string,
  functionArn: string,
  parameters: Readonly<Record<string, string>>,
  next: string,
  failed: string,
): FlowAction {
  const invocation = {
    LambdaFunctionARN: functionArn,
    InvocationTimeLimitSeconds: String(functionSeconds),
    InvocationType: 'SYNCHRONOUS',
    LambdaInvocationAttributes: parameters,
    ResponseValidation: { ResponseType: 'JSON' },
  };
  return action(identifier, 'InvokeLambdaFunction', invocation, next, onError(failed));
}
