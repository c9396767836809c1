import { holds } from '../compare.ts';
import { type Branch, isAsynchronous, lambdaAnswer, storedInput } from '../language.ts';
import { asynchronousResult, type BlockFacts, functionInvoked } from './facts.ts';

/**
 * A value that is followed through a call, and every place that holds a copy of it.
 *
 * - `input`: an input that a block stored encrypted, or `Timeout`
 * - `clear`: an input that a block stored unencrypted
 * - `answer`: the answer of a function that received an encrypted input
 */
export interface Token {
  readonly kind: 'input' | 'clear' | 'answer';
  /** The block that made it. */
  readonly block: string;
  /** Whether the caller typed the input, as far as it was compared with `Timeout`. */
  readonly typed: 'unknown' | 'yes' | 'no';
  /** Whether the input was passed to a function, or the answer was compared. */
  readonly isUsed: boolean;
  /** For an answer: the function's parameters that held the input. */
  readonly parameters: readonly string[];
  /** Sorted: `$.StoredCustomerInput`, `$.Attributes.card`, `$.External`. */
  readonly locations: readonly string[];
}

/** The token that a block makes on its Success branch, if any. */
export function tokenMadeBy({ action, isEncrypted, isClear }: BlockFacts): Token | undefined {
  if (!isEncrypted && !isClear) return undefined;
  return {
    kind: isEncrypted ? 'input' : 'clear',
    block: action.Identifier,
    typed: 'unknown',
    isUsed: false,
    parameters: [],
    locations: [storedInput],
  };
}

/** The token for the answer of a function that received an encrypted input. */
export function answerToken({ action }: BlockFacts, parameters: readonly string[]): Token {
  return {
    kind: 'answer',
    block: action.Identifier,
    typed: 'unknown',
    isUsed: false,
    parameters,
    locations: [isAsynchronous(action) ? asynchronousResult : lambdaAnswer],
  };
}

/** The function's parameters that hold a token. */
export function parametersWith(token: Token, { action, assignments }: BlockFacts): readonly string[] {
  if (action.Type !== functionInvoked) return [];
  return assignments
    .filter(({ references }) => references.some((path) => token.locations.includes(path)))
    .map(({ name }) => name);
}

/** The token after a block, on one of its branches; `undefined` if a call with the token cannot take that branch. */
export function tokenAfter(token: Token, facts: BlockFacts, branch: Branch): Token | undefined {
  const { action } = facts;
  const isError = branch.kind === 'error';
  if (action.Type === 'Compare') return compared(token, facts, branch);
  if (action.Type === functionInvoked) return afterFunction(token, facts, isError);
  if (action.Type === 'InvokeFlowModule') {
    // The module may pass contact attributes to a function.
    const mayBeUsed = token.locations.some((path) => path.startsWith('$.Attributes.')) || isNamed(token, facts);
    return at({ ...token, isUsed: token.isUsed || mayBeUsed }, without(token.locations, lambdaAnswer));
  }
  if (isError) return token;
  if (facts.isStored) return at(token, without(token.locations, storedInput));
  if (facts.loadsResult && token.locations.includes(asynchronousResult))
    return at(token, [...without(token.locations, asynchronousResult), lambdaAnswer]);
  return assigned(token, facts);
}

function isNamed(token: Token, { references }: BlockFacts): boolean {
  return references.some((path) => token.locations.includes(path));
}

function afterFunction(token: Token, facts: BlockFacts, isError: boolean): Token {
  const isUsed = token.isUsed || (token.kind === 'input' && parametersWith(token, facts).length > 0);
  // An answer stays until the next function answers.
  const isReplaced = token.kind === 'answer' && !isError && !isAsynchronous(facts.action);
  return at({ ...token, isUsed }, isReplaced ? without(token.locations, lambdaAnswer) : token.locations);
}

/** The token after a block that sets attributes, which can copy the value and overwrite copies. */
function assigned(token: Token, { assignments }: BlockFacts): Token {
  if (assignments.length === 0) return token;
  const holds = (path: string) => (token.kind === 'answer' ? isPlaintext(token, path) : token.locations.includes(path));
  const set = new Set(assignments.map(({ name }) => name));
  const copies = assignments.filter(({ references }) => references.some(holds)).map(({ name }) => name);
  return at(token, [...token.locations.filter((path) => !set.has(path)), ...copies]);
}

/** The token after a comparison, which can tell whether the caller typed the input. */
function compared(token: Token, { action, references }: BlockFacts, branch: Branch): Token | undefined {
  const value = action.Parameters['ComparisonValue'];
  if (token.kind === 'answer') {
    const isAnswer = references.some((path) => path.startsWith(`${lambdaAnswer}.`));
    return isAnswer && token.locations.includes(lambdaAnswer) ? { ...token, isUsed: true } : token;
  }
  if (token.kind !== 'input' || typeof value !== 'string' || !token.locations.includes(value.trim())) return token;
  const isAsked = (action.Transitions.Conditions ?? []).some(({ Condition }) =>
    isTimeout(Condition.Operator, Condition.Operands),
  );
  if (branch.kind === 'condition') {
    if (!isTimeout(branch.operator ?? '', branch.operands ?? []))
      return token.typed === 'no' ? undefined : startsAsCiphertext(token, branch);
    return token.typed === 'yes' ? undefined : { ...token, typed: 'no' };
  }
  if (!isAsked) return token;
  return token.typed === 'no' ? undefined : { ...token, typed: 'yes' };
}

/** Whether `Timeout` meets a condition. Comparisons are case-sensitive. */
function isTimeout(operator: string, operands: readonly string[]): boolean {
  return holds('Timeout', operator, operands);
}

// Messages start with these characters in base64.
function startsAsCiphertext(token: Token, { operator, operands = [] }: Branch): Token {
  const isSure = operator === 'TextStartsWith' && operands.every((operand) => /^A[YQ]/.test(operand));
  return isSure ? { ...token, typed: 'yes' } : token;
}

function at(token: Token, locations: readonly string[]): Token {
  return { ...token, locations: [...new Set(locations)].sort() };
}

function without(locations: readonly string[], location: string): readonly string[] {
  return locations.filter((path) => path !== location);
}

/** Whether a reference reads a plaintext from a function's answer, or a copy of one. */
export function isPlaintext(token: Token, path: string): boolean {
  if (token.kind !== 'answer') return false;
  if (token.locations.includes(path)) return path !== lambdaAnswer && path !== asynchronousResult;
  if (!path.startsWith(`${lambdaAnswer}.`) || !token.locations.includes(lambdaAnswer)) return false;
  const name = path.split('.').at(-1) ?? '';
  return /decrypt|plain/i.test(name) || token.parameters.includes(name);
}
