import { isInAnswer } from '../answer-names.ts';
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

type Blocks = ReadonlyMap<string, FlowAction>;

/** What the input blocks, the function and the readers of its answer must agree on. */
export function* checkContract(point: Point, blocks: Blocks): Generator<Fault> {
  const { token } = point;
  if (token === undefined) {
    yield* checkReading(point, blocks);
    yield* checkDuration(point);
  } else if (token.kind === 'answer') {
    yield* checkComparison(point, token);
    yield* checkNames(point, token, blocks);
    yield* checkCompared(point, token);
  } else if (token.kind === 'input') {
    yield* checkPassing(point, token, blocks);
    yield* checkOverwriting(point, token);
  }
}

function* checkPassing({ facts }: Point, token: Token, blocks: Blocks): Generator<Fault> {
  const { action, assignments } = facts;
  if (parametersWith(token, facts).length === 0) return;
  if (token.typed !== 'yes')
    yield fault('timeout_not_checked', action, `receives the input of "${token.block}", which can be "Timeout" here`);
  const input = blocks.get(token.block);
  const encrypted = input && textParameter(input, 'InputEncryption', 'EncryptionKeyId');
  const passed = assignments.find(({ name }) => name === 'key-id')?.value;
  if (encrypted !== undefined && passed !== undefined && differ(encrypted, passed))
    yield fault('key_id_differs', action, `receives another key id than "${token.block}" encrypts with`);
}

/** Whether two key ids surely differ. One may be known only in a call; other checks report malformed ids. */
function differ(encrypted: string, passed: string): boolean {
  if (isDynamic(encrypted) || isDynamic(passed) || !/^[0-9a-f-]{36}$/i.test(encrypted.trim())) return false;
  return encrypted.trim().toLowerCase() !== passed.trim().toLowerCase();
}

function* checkOverwriting({ facts }: Point, token: Token): Generator<Fault> {
  const { action } = facts;
  // A block that asks again takes the same input again.
  if (token.isUsed || token.typed === 'no' || token.block === action.Identifier) return;
  const success = branchesOf(action).find(({ kind }) => kind === 'next');
  const after = success && tokenAfter(token, facts, success);
  if (after?.locations.length === 0)
    yield fault('input_overwritten', action, `overwrites the input of "${token.block}" before a function receives it`);
}

function* checkReading({ facts, control }: Point, blocks: Blocks): Generator<Fault> {
  const { action } = facts;
  const { pending, answerOf } = control;
  const read = facts.references.filter(readsAnswer);
  if (read.length === 0) return;
  if (pending !== '') {
    yield fault('asynchronous_answer', action, `reads the answer of "${pending}", which is invoked asynchronously`);
    return;
  }
  if (answerOf === '') yield fault('answer_without_function', action, 'reads $.External before a function is invoked');
  const invoked = blocks.get(answerOf);
  if (invoked === undefined) return;
  const reader = `"${action.Identifier}" reads`;
  const nested = read.find((path) => path.split('.').length > 3);
  const validation = scalarParameter(invoked, 'ResponseValidation', 'ResponseType');
  if (validation === undefined)
    yield fault('response_validation_missing', invoked, `has no response validation, and ${reader} its answer`);
  else if (validation.toUpperCase() === 'STRING_MAP' && nested !== undefined)
    yield fault('string_map_nested', invoked, `validates the answer as STRING_MAP, and ${reader} ${nested}`);
}

function* checkDuration({ facts: { action }, control }: Point): Generator<Fault> {
  if (action.Type !== functionInvoked || control.seconds === 0) return;
  const most = sequenceSeconds;
  if (control.seconds + secondsOf(action) > most)
    yield fault('functions_too_long', action, `ends a sequence of functions that can take more than ${most} seconds`);
}

const answers: Readonly<Record<string, readonly string[]>> = {
  success: ['true', 'false'],
  'status-code': ['200', '500'],
};

/** A comparison with a value that this product's function never returns. */
function* checkComparison({ facts: { action } }: Point, { locations }: Token): Generator<Fault> {
  const path = textParameter(action, 'ComparisonValue')?.trim() ?? '';
  if (action.Type !== 'Compare' || !path.startsWith(`${lambdaAnswer}.`) || !locations.includes(lambdaAnswer)) return;
  const known = answers[path.split('.').at(-1) ?? ''];
  if (known === undefined) return;
  const isPossible = (operand: string) => isDynamic(operand) || known.includes(operand);
  for (const { Condition } of action.Transitions.Conditions ?? [])
    if (Condition.Operator === 'Equals' && !Condition.Operands.some(isPossible))
      yield fault('comparison_never_true', action, `compares ${path} with a value that the function never returns`);
}

/** A name that is not in this product's answer, in the form that the response validation takes. */
function* checkNames({ facts: { action, references } }: Point, token: Token, blocks: Blocks): Generator<Fault> {
  const invoked = token.locations.includes(lambdaAnswer) ? blocks.get(token.block) : undefined;
  const validation = invoked && scalarParameter(invoked, 'ResponseValidation', 'ResponseType')?.toUpperCase();
  const form = validation === 'JSON' ? 'nested' : validation === 'STRING_MAP' ? 'flat' : undefined;
  if (form === undefined) return;
  const path = references
    .filter((found) => found.startsWith(`${lambdaAnswer}.`))
    .map((found) => found.slice(lambdaAnswer.length + 1))
    // string_map_nested reports nested names under STRING_MAP.
    .find((name) => !isInAnswer(name, form) && !(form === 'flat' && isInAnswer(name, 'nested')));
  if (path === undefined) return;
  const what = `reads $.External.${path}, which is not in the ${form} answer of this product's function`;
  yield fault('answer_unknown', action, what);
}

/** A call that ends, or invokes another function, before the answer is compared. */
function* checkCompared({ facts: { action } }: Point, { block, isUsed, locations }: Token): Generator<Fault> {
  if (isUsed || locations.includes(asynchronousResult)) return;
  const isReplaced = action.Type === functionInvoked && !isAsynchronous(action) && locations.includes(lambdaAnswer);
  if (isReplaced || terminalTypes.has(action.Type))
    yield fault('answer_not_compared', { Identifier: block }, 'returns an answer that is not compared on every path');
}
