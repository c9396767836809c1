import { controlAfter } from '../follow/control.ts';
import { type BlockFacts, factsOf } from '../follow/facts.ts';
import type { FlowDocument } from '../language.ts';
import { playBlock } from './blocks.ts';
import type { Outcome } from './outcome.ts';
import type { CallParties } from './parties.ts';
import { type CallContext, type CallState, stateOf } from './state.ts';
import type { CallEnd, CallStep, CallTranscript } from './transcript.ts';

const mostSteps = 1_000;

/**
 * Plays a call through a flow as AWS documents it. At a block that cannot be played, `parties.chooseBranch` chooses the
 * branch; without a choice the call ends as `undecided`.
 *
 * @example
 * const pressKeys = () => ({ keys: '4444444444444448#' });
 * const { end, heard } = await callFlow(flow, { pressKeys, encrypt, invoke });
 */
export async function callFlow(
  flow: FlowDocument,
  parties: CallParties,
  context: CallContext = {},
): Promise<CallTranscript> {
  const blocks = new Map(flow.Actions.toReversed().map((action) => [action.Identifier, factsOf(action)]));
  const state = stateOf(context);
  const steps: CallStep[] = [];
  let next = flow.StartAction;
  for (;;) {
    const facts = blocks.get(next);
    if (facts === undefined) {
      const why = `block "${next}" is not in the flow`;
      return transcriptOf(steps, { kind: 'lost', block: steps.at(-1)?.block ?? next, why }, state);
    }
    const outcome = await playBlock(facts, state, parties);
    steps.push(stepOf(facts, outcome, state));
    const { branch } = outcome;
    if (branch === undefined || steps.length >= mostSteps) return transcriptOf(steps, endOf(facts, outcome), state);
    state.control = controlAfter(state.control, facts, branch.kind === 'error');
    next = branch.next;
  }
}

function stepOf({ action }: BlockFacts, { branch, said, details = [] }: Outcome, { control }: CallState): CallStep {
  return {
    block: action.Identifier,
    type: action.Type,
    ...(branch !== undefined && { branch: branch.name, next: branch.next }),
    ...(said && { said }),
    details,
    isLogged: control.logging === 'on',
  };
}

function endOf({ action }: BlockFacts, { branch, end }: Outcome): CallEnd {
  const block = action.Identifier;
  if (end !== undefined) return { block, ...end };
  if (branch === undefined) return { kind: 'lost', block, why: 'the block has no branch for what happened' };
  return { kind: 'endless', block, why: `after ${mostSteps} blocks` };
}

function transcriptOf(steps: readonly CallStep[], end: CallEnd, state: CallState): CallTranscript {
  const redacted = (values: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, state.redact(value)]));
  const logged = steps
    .filter(({ isLogged }) => isLogged)
    .flatMap(({ block, said, details }) => [
      ...details.map((detail) => `${block}: ${detail}`),
      ...(said === undefined ? [] : [`${block}: says ${said}`]),
    ]);
  return {
    ...{ steps, end, heard: state.heard, recorded: state.recorded, logged },
    attributes: redacted(state.attributes),
    flowAttributes: redacted(state.flowAttributes),
  };
}
