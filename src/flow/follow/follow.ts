import { type Branch, branchesOf, type FlowAction, type FlowDocument, terminalTypes } from '../language.ts';
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
  /** `false` where there were too many, so that points were merged: the places of a value are those of several ways. */
  readonly isExact: boolean;
}

const mostPoints = 50_000;

/** Every point that a call through the flow can be at. */
export function follow(flow: FlowDocument): Followed {
  const points = explore(flow, exactly(), mostPoints);
  if (points !== undefined) return { points, isExact: true };
  return { points: explore(flow, merging(), Number.POSITIVE_INFINITY) ?? [], isExact: false };
}

/** The point to go on with, in place of one that was reached; `undefined` where there is nothing new in it. */
type Visit = (point: Point) => Point | undefined;

function exactly(): Visit {
  const seen = new Set<string>();
  return (point) => {
    const key = JSON.stringify([point.facts.action.Identifier, point.control, point.token]);
    if (seen.has(key)) return undefined;
    seen.add(key);
    return point;
  };
}

/** At a block, a value is in every place where one way or another put it. */
function merging(): Visit {
  const seen = new Map<string, ReadonlySet<string>>();
  return (point) => {
    const { locations = [], ...token } = point.token ?? {};
    const key = JSON.stringify([point.facts.action.Identifier, point.control, token]);
    const known = seen.get(key);
    if (known && locations.every((path) => known.has(path))) return undefined;
    const all = new Set([...(known ?? []), ...locations]);
    seen.set(key, all);
    return point.token === undefined ? point : { ...point, token: { ...point.token, locations: [...all].sort() } };
  };
}

function explore(flow: FlowDocument, visit: Visit, most: number): readonly Point[] | undefined {
  const blocks = new Map(flow.Actions.toReversed().map((action) => [action.Identifier, factsOf(action)]));
  const points: Point[] = [];

  function reach(point: Omit<Point, 'facts'>, identifier: string): void {
    const facts = blocks.get(identifier);
    const visited = facts && visit({ facts, ...point });
    if (visited !== undefined) points.push(visited);
  }

  reach({ control: atStart, token: undefined, before: undefined, branch: undefined }, flow.StartAction);
  for (const point of points) {
    if (points.length > most) return undefined;
    for (const branch of waysOn(point.facts.action)) {
      const control = controlAfter(point.control, point.facts, branch.kind === 'error');
      for (const token of tokensAfter(point, branch)) reach({ control, token, before: point, branch }, branch.next);
    }
  }
  return points;
}

/** A transfer that fails leads on, too. */
function waysOn(action: FlowAction): readonly Branch[] {
  const branches = branchesOf(action);
  return terminalTypes.has(action.Type) ? branches.filter(({ kind }) => kind === 'error') : branches;
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
