import { isAnswered } from '../answer-names.ts';
import { type Fault, fault } from '../findings.ts';
import { readsAnswer, secondsOf, sequenceSeconds } from '../follow/control.ts';
import { asynchronousResult, functionInvoked } from '../follow/facts.ts';
import type { Point } from '../follow/follow.ts';
import { parametersWith, type Token, tokenAfter } from '../follow/token.ts';
import {
  branchesOf,
  type FlowAction,
  isAsynchronous,
  isDynamic,
  lambdaAnswer,
  scalarParameter,
  terminalTypes,
  textParameter,
} from '../language.ts';

/** What the input blocks, the function and the readers of its answer must agree on. */
export function checkContract(point: Point, blocks: ReadonlyMap<string, FlowAction>): readonly Fault[] {
  if (point.token === undefined) return [...checkReading(point, blocks), ...checkDuration(point)];
  if (point.token.kind === 'answer')
    return [...checkComparison(point), ...checkNames(point, blocks), ...checkCompared(point)];
  if (point.token.kind === 'clear') return [];
  return [...checkPassing(point, point.token, blocks), ...checkOverwriting(point, point.token)];
}

function checkPassing({ facts }: Point, token: Token, blocks: ReadonlyMap<string, FlowAction>): readonly Fault[] {
  const { action, assignments } = facts;
  const parameters = parametersWith(token, facts);
  if (parameters.length === 0) return [];
  const faults: Fault[] = [];
  if (token.typed !== 'yes')
    faults.push(
      fault('timeout_not_checked', action, `is given the input of "${token.block}", which may be "Timeout" here`),
    );
  const input = blocks.get(token.block);
  const encrypted = input && textParameter(input, 'InputEncryption', 'EncryptionKeyId');
  const passed = assignments.find(({ name }) => name === 'key-id')?.value;
  if (encrypted !== undefined && passed !== undefined && differ(encrypted, passed))
    faults.push(fault('key_id_differs', action, `is given another key id than "${token.block}" encrypts with`));
  return faults;
}

/** What one of them is in a call may be unknown; whether an empty key id is one is another finding's matter. */
function differ(encrypted: string, passed: string): boolean {
  if (isDynamic(encrypted) || isDynamic(passed) || !/^[0-9a-f-]{36}$/i.test(encrypted.trim())) return false;
  return encrypted.trim().toLowerCase() !== passed.trim().toLowerCase();
}

function checkOverwriting({ facts }: Point, token: Token): readonly Fault[] {
  const { action } = facts;
  // Asked again, the caller types the same input again.
  if (token.isUsed || token.typed === 'no' || token.block === action.Identifier) return [];
  const success = branchesOf(action).find(({ kind }) => kind === 'next');
  const after = success && tokenAfter(token, facts, success);
  if (after === undefined || after.locations.length > 0) return [];
  return [fault('input_overwritten', action, `overwrites the input of "${token.block}", which no function was given`)];
}

function checkReading({ facts, control }: Point, blocks: ReadonlyMap<string, FlowAction>): readonly Fault[] {
  const { action } = facts;
  const read = facts.references.filter(readsAnswer);
  if (read.length === 0) return [];
  if (control.pending !== '')
    return [
      fault('asynchronous_answer', action, `reads the answer of "${control.pending}", which is invoked asynchronously`),
    ];
  if (control.answerOf === '')
    return [fault('answer_without_function', action, 'reads $.External where no function was invoked')];
  const invoked = blocks.get(control.answerOf);
  if (invoked === undefined) return [];
  const nested = read.find((path) => path.split('.').length > 3);
  const validation = scalarParameter(invoked, 'ResponseValidation', 'ResponseType');
  if (validation === undefined)
    return [
      fault(
        'response_validation_missing',
        invoked,
        `sets no response validation, and "${action.Identifier}" reads its answer`,
      ),
    ];
  return validation.toUpperCase() === 'STRING_MAP' && nested !== undefined
    ? [
        fault(
          'string_map_nested',
          invoked,
          `validates the answer as STRING_MAP, and "${action.Identifier}" reads ${nested}`,
        ),
      ]
    : [];
}

function checkDuration({ facts: { action }, control }: Point): readonly Fault[] {
  if (action.Type !== functionInvoked) return [];
  const seconds = control.seconds + secondsOf(action);
  if (control.seconds === 0 || seconds <= sequenceSeconds) return [];
  return [
    fault(
      'functions_too_long',
      action,
      `ends a sequence of functions that may take more than ${sequenceSeconds} seconds`,
    ),
  ];
}

const answers: Readonly<Record<string, readonly string[]>> = {
  success: ['true', 'false'],
  'status-code': ['200', '500'],
};

/** A comparison of the product's answer with what it never is. */
function checkComparison({ facts: { action }, token }: Point): readonly Fault[] {
  const path = textParameter(action, 'ComparisonValue')?.trim() ?? '';
  if (action.Type !== 'Compare' || !path.startsWith(`${lambdaAnswer}.`)) return [];
  if (!token?.locations.includes(lambdaAnswer)) return [];
  const known = answers[path.split('.').at(-1) ?? ''];
  if (known === undefined) return [];
  return (action.Transitions.Conditions ?? [])
    .filter(({ Condition: { Operator, Operands } }) => Operator === 'Equals' && !Operands.some(isKnown))
    .map(() => fault('comparison_never_true', action, `compares ${path} with what the function never answers`));

  function isKnown(operand: string): boolean {
    return isDynamic(operand) || known?.includes(operand) === true;
  }
}

/** What this product's function does not answer, in the form that the response validation takes; another's may. */
function checkNames(
  { facts: { action, references }, token }: Point,
  blocks: ReadonlyMap<string, FlowAction>,
): readonly Fault[] {
  const invoked = token?.locations.includes(lambdaAnswer) ? blocks.get(token.block) : undefined;
  const validation = invoked && scalarParameter(invoked, 'ResponseValidation', 'ResponseType')?.toUpperCase();
  const form = validation === 'JSON' ? 'nested' : validation === 'STRING_MAP' ? 'flat' : undefined;
  if (form === undefined) return [];
  const path = references
    .filter((found) => found.startsWith(`${lambdaAnswer}.`))
    .map((found) => found.slice(lambdaAnswer.length + 1))
    // A nested name under STRING_MAP is another finding.
    .find((name) => !isAnswered(name, form) && !(form === 'flat' && isAnswered(name, 'nested')));
  if (path === undefined) return [];
  const what = `reads $.External.${path}, which is not in the ${form} answer of this product's function`;
  return [fault('answer_unknown', action, what)];
}

/** Whether a call ends, or goes on to another function, without a look at the answer. */
function checkCompared({ facts: { action }, token }: Point): readonly Fault[] {
  if (token === undefined || token.isUsed || token.locations.includes(asynchronousResult)) return [];
  const isReplaced =
    action.Type === functionInvoked && !isAsynchronous(action) && token.locations.includes(lambdaAnswer);
  if (!isReplaced && !terminalTypes.has(action.Type)) return [];
  return [
    fault('answer_not_compared', { Identifier: token.block }, 'returns an answer that is not compared on every way'),
  ];
}
