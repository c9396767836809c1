import { checkBuffering } from './checks/buffering.ts';
import { checkContract } from './checks/contract.ts';
import { checkInput, type UploadedKeys } from './checks/input.ts';
import { checkLogging } from './checks/logging.ts';
import { checkPlaintext, contactAttributesWith } from './checks/plaintext.ts';
import { checkRecording } from './checks/recording.ts';
import { checkBlock, checkWhole } from './checks/structure.ts';
import { type Fault, type FlowFinding, fault, findingKinds } from './findings.ts';
import { type Followed, follow, type Point, wayTo } from './follow/follow.ts';
import { type FlowDocument, terminalTypes } from './language.ts';
import { findUnknowns, type Unknown } from './unknown.ts';

/** What {@link checkFlow} compares a flow with. */
export interface FlowCheckOptions {
  /** The instance's security keys. Without them, key ids and certificates are not compared with Connect's. */
  readonly uploaded?: UploadedKeys | undefined;
  /** When certificates must be valid, in milliseconds since 1970. Default: now. */
  readonly now?: number;
}

/** The result of {@link checkFlow}. */
export interface FlowReport {
  /** In the order of the flow's blocks. */
  readonly findings: readonly FlowFinding[];
  /** What the flow alone does not tell. */
  readonly unknown: readonly Unknown[];
  /** The contact attributes that hold an encrypted input when the call ends, and the block that took it. */
  readonly kept: readonly { readonly attribute: string; readonly block: string }[];
}

/**
 * Finds what leaks an input, loses it, or makes calls fail, on every path that a call can take. Never throws:
 * `readFlow` already rejects what is not a flow.
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
      ...(ways.has(action.Identifier) ? [] : [fault('unreachable_block', action, 'is not reached by any branch')]),
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
    unknown: [...findUnknowns(flow, followed)],
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

/** Encrypted inputs that no function receives on any path. A flow that the call is transferred to may pass them on. */
function checkNotPassed({ Actions }: FlowDocument, { points }: Followed): readonly Fault[] {
  const inputs = points.flatMap(({ facts, token }) =>
    token?.kind === 'input' ? [{ token, type: facts.action.Type }] : [],
  );
  const isPassed = ({ token, type }: (typeof inputs)[number]) =>
    token.isUsed || (type === 'TransferToFlow' && contactAttributesWith(token).length > 0);
  const taken = new Set(inputs.map(({ token }) => token.block));
  const passed = new Set(inputs.filter(isPassed).map(({ token }) => token.block));
  return Actions.filter(({ Identifier }) => taken.has(Identifier) && !passed.has(Identifier)).map((action) =>
    fault('input_not_passed', action, 'stores an encrypted input that no function receives'),
  );
}

function keptInputs({ points }: Followed): FlowReport['kept'] {
  const kept = points
    .filter(({ facts }) => terminalTypes.has(facts.action.Type))
    .flatMap(({ token }) =>
      token?.kind === 'input' && token.typed !== 'no'
        ? contactAttributesWith(token).map((attribute) => ({ attribute, block: token.block }))
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
