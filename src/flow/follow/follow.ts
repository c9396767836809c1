import { type Branch, branchesOf, type FlowAction, type FlowDocument, terminalTypes } from '../language.ts';
import { atStart, type Control, controlAfter } from './control.ts';
import { type BlockFacts, factsOf } from './facts.ts';
import { answerToken, parametersWith, type Token, tokenAfter, tokenMadeBy } from './token.ts';

// Follows every path of a call, once without a value, and once with each value that is made on the path. Calls at the
// same block, with the same state and the same value in the same places, continue alike. So the number of points is finite,
// and the first path to a point is a shortest one.

/** A point in a call. */
export interface Point {
  readonly facts: BlockFacts;
  readonly control: Control;
  /** The value that is followed, if any. */
  readonly token: Token | undefined;
  readonly before: Point | undefined;
  /** The branch that leads here from the block before. */
  readonly branch: Branch | undefined;
}

export interface Followed {
  /** Ordered by distance from the start. */
  readonly points: readonly Point[];
  /** `false` if there were too many points, so that the places of a value are merged from several paths. */
  readonly isExact: boolean;
}

const mostPoints = 50_000;

/** Finds every point that a call through the flow can reach. */
export function follow(flow: FlowDocument): Followed {
  const points = explore(flow, exactly(), mostPoints);
  if (points !== undefined) return { points, isExact: true };
  return { points: explore(flow, merging(), Number.POSITIVE_INFINITY) ?? [], isExact: false };
}

/** Returns the point to continue with, or `undefined` if the point that was reached is not new. */
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

/** Merges the places of a value at a block, whatever the path. */
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

/** The branches that a call can take. From a block that ends the call, only the error branches. */
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

/** The blocks on the path to a point, including its own. */
export function wayTo(point: Point): readonly string[] {
  const way: string[] = [];
  for (let at: Point | undefined = point; at !== undefined; at = at.before) way.push(at.facts.action.Identifier);
  return way.reverse();
}
