import { type Branch, branchesOf, type FlowDocument, terminalTypes } from '../language.ts';
import { atStart, type Control, controlAfter } from './control.ts';
import { type BlockFacts, factsOf } from './facts.ts';
import { answerToken, parametersWith, type Token, tokenAfter, tokenMadeBy } from './token.ts';

// Each way that a call can take is followed once without a value, and once with each value that is made on it. Two
// calls that are at the same block, with the same switches and the same value in the same places, go on in the same
// way: so there are finitely many points, and the first way to a point is a shortest one.

/** A point of a call. */
export interface Point {
  readonly facts: BlockFacts;
  readonly control: Control;
  /** The value that is followed; `undefined` on the way that follows none. */
  readonly token: Token | undefined;
  readonly before: Point | undefined;
  /** The branch of the block before that leads here. */
  readonly branch: Branch | undefined;
}

export interface Followed {
  /** In the order of their distance from the start. */
  readonly points: readonly Point[];
  /** `false` where there were more than the analysis takes. */
  readonly isWhole: boolean;
}

const mostPoints = 100_000;

/** Every point that a call through the flow can be at. */
export function follow(flow: FlowDocument): Followed {
  const blocks = new Map(flow.Actions.toReversed().map((action) => [action.Identifier, factsOf(action)]));
  const points: Point[] = [];
  const seen = new Set<string>();

  function visit(point: Omit<Point, 'facts'>, identifier: string): void {
    const facts = blocks.get(identifier);
    if (facts === undefined) return;
    const key = JSON.stringify([identifier, point.control, point.token]);
    if (seen.has(key)) return;
    seen.add(key);
    points.push({ facts, ...point });
  }

  visit({ control: atStart, token: undefined, before: undefined, branch: undefined }, flow.StartAction);
  for (const point of points) {
    if (points.length > mostPoints) return { points, isWhole: false };
    if (terminalTypes.has(point.facts.action.Type)) continue;
    for (const branch of branchesOf(point.facts.action)) {
      const control = controlAfter(point.control, point.facts, branch.kind === 'error');
      for (const token of tokensAfter(point, branch)) visit({ control, token, before: point, branch }, branch.next);
    }
  }
  return { points, isWhole: true };
}

function tokensAfter({ facts, token }: Point, branch: Branch): readonly (Token | undefined)[] {
  const isSuccess = branch.kind === 'next';
  if (token === undefined) {
    const made = isSuccess ? tokenMadeBy(facts) : undefined;
    return made === undefined ? [undefined] : [undefined, made];
  }
  const after = tokenAfter(token, facts, branch);
  const kept = after === undefined || after.locations.length === 0 ? [] : [after];
  const parameters = token.kind === 'input' && isSuccess ? parametersWith(token, facts) : [];
  return parameters.length === 0 ? kept : [...kept, answerToken(facts, parameters)];
}

/** The blocks of the way to a point. */
export function wayTo(point: Point): readonly string[] {
  const way: string[] = [];
  for (let at: Point | undefined = point; at !== undefined; at = at.before) way.push(at.facts.action.Identifier);
  return way.reverse();
}
