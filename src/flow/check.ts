import { checkBuffering } from './checks/buffering.ts';
import { checkContract } from './checks/contract.ts';
import { checkInput, type UploadedKeys } from './checks/input.ts';
import { checkLogging } from './checks/logging.ts';
import { checkPlaintext, keptIn } from './checks/plaintext.ts';
import { checkRecording } from './checks/recording.ts';
import { checkBlock, checkWhole } from './checks/structure.ts';
import { type Fault, type FlowFinding, fault, findingKinds } from './findings.ts';
import { type Followed, follow, type Point, wayTo } from './follow/follow.ts';
import { type FlowDocument, parameter, terminalTypes } from './language.ts';
import { type Unknown, unknownsOf } from './unknown.ts';

/** What a flow is compared with. */
export interface FlowCheckOptions {
  /** The instance's security keys; without them, key ids and certificates are not compared with Connect's. */
  readonly uploaded?: UploadedKeys | undefined;
  /** Milliseconds since 1970, for the certificates' validity. Default: now. */
  readonly now?: number;
}

/** What the check of a flow says. */
export interface FlowReport {
  /** In the order of the flow's blocks. */
  readonly findings: readonly FlowFinding[];
  /** What cannot be known from the flow. */
  readonly unknown: readonly Unknown[];
  /** The contact attributes that hold an encrypted input when the call ends, and its block. */
  readonly kept: readonly { readonly attribute: string; readonly block: string }[];
}

/**
 * Looks for what leaks an input, loses it, or makes calls fail, on each way that a call can take. It does not throw: a flow
 * with an unknown form is refused when it is read.
 *
 * @example
 * const { findings } = checkFlow(readFlow(text));
 * const errors = findings.filter(({ severity }) => severity === 'error');
 */
export function checkFlow(flow: FlowDocument, { uploaded, now = Date.now() }: FlowCheckOptions = {}): FlowReport {
  const followed = follow(flow);
  const blocks = new Map(flow.Actions.map((action) => [action.Identifier, action]));
  const ways = firstWays(followed);
  const whole = [
    ...checkWhole(flow),
    ...flow.Actions.flatMap((action) => [
      ...checkInput(action, { uploaded, now }),
      ...checkBlock(action, flow),
      ...(ways.has(action.Identifier) ? [] : [fault('unreachable_block', action, 'is reached by no branch')]),
    ]),
    ...checkNotPassed(flow, followed),
  ].map((found) => withWay(found, ways.get(found.block)));
  const onWays = followed.points.flatMap((point) =>
    [
      ...checkRecording(point),
      ...checkLogging(point),
      ...checkBuffering(point),
      ...checkPlaintext(point),
      ...checkContract(point, blocks),
    ].map((found) => withWay(found, point)),
  );
  return {
    findings: inOrder(firstOfEach([...whole, ...onWays]), flow),
    unknown: unknownsOf(flow, followed),
    kept: keptInputs(followed),
  };
}

/** The first point at each block. */
function firstWays({ points }: Followed): ReadonlyMap<string, Point> {
  return new Map(points.toReversed().map((point) => [point.facts.action.Identifier, point]));
}

function withWay({ code, block, message }: Fault, point: Point | undefined): FlowFinding {
  const way = point === undefined ? [] : wayTo(point);
  const last = way.lastIndexOf(block);
  const { severity, fix } = findingKinds[code];
  return { code, severity, block, way: last < 0 ? way : way.slice(0, last + 1), message, fix };
}

/** Encrypted inputs that no function is given, on any way. */
function checkNotPassed({ Actions }: FlowDocument, { points }: Followed): readonly Fault[] {
  const followed = points.flatMap(({ token }) => (token?.kind === 'input' ? [token] : []));
  const made = new Set(followed.map(({ block }) => block));
  const used = new Set(followed.filter(({ isUsed }) => isUsed).map(({ block }) => block));
  const goesOn = new Set(
    points.flatMap(({ facts, token }) =>
      token?.kind === 'input' && facts.action.Type === 'TransferToFlow' && keptIn(token).length > 0
        ? [token.block]
        : [],
    ),
  );
  return Actions.filter(
    ({ Identifier }) => made.has(Identifier) && !used.has(Identifier) && !goesOn.has(Identifier),
  ).map((action) => fault('input_not_passed', action, 'stores an encrypted input that no function is given'));
}

function keptInputs({ points }: Followed): FlowReport['kept'] {
  const kept = points
    .filter(({ facts }) => terminalTypes.has(facts.action.Type))
    .flatMap(({ token }) =>
      token?.kind === 'input' && token.typed !== 'no'
        ? keptIn(token).map((attribute) => ({ attribute, block: token.block }))
        : [],
    );
  return [...new Map(kept.map((entry) => [JSON.stringify(entry), entry])).values()];
}

function firstOfEach(findings: readonly FlowFinding[]): readonly FlowFinding[] {
  const seen = new Set<string>();
  return findings.filter(({ code, block }) => {
    const key = JSON.stringify([code, block]);
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew;
  });
}

function inOrder(findings: readonly FlowFinding[], { Actions }: FlowDocument): readonly FlowFinding[] {
  const places = new Map(Actions.map(({ Identifier }, index) => [Identifier, index]));
  const place = ({ block }: FlowFinding) => places.get(block) ?? -1;
  return findings.toSorted((one, other) => place(one) - place(other));
}

/** The blocks that invoke modules, with the modules' ids. */
export function modulesInvoked({
  Actions,
}: FlowDocument): readonly { readonly block: string; readonly module: string }[] {
  return Actions.filter(({ Type }) => Type === 'InvokeFlowModule').map((action) => ({
    block: action.Identifier,
    module: String(parameter(action, 'FlowModuleId') ?? ''),
  }));
}
