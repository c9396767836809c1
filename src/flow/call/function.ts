import type { BlockFacts } from '../follow/facts.ts';
import { isAsynchronous, scalarParameter, textParameter } from '../language.ts';
import { errorBranch, type Outcome, successBranch } from './outcome.ts';
import type { CallParties, ContactFlowEvent } from './parties.ts';
import { rejectionOf } from './response.ts';
import type { CallState } from './state.ts';

const mostAttempts = 3;

/** Invokes a function, and retries as Connect does, within the block's time limit. */
export async function playFunction(
  { action, assignments }: BlockFacts,
  state: CallState,
  parties: CallParties,
): Promise<Outcome> {
  const parameters = Object.fromEntries(assignments.map(({ name, value }) => [name, state.resolve(value)]));
  const details = Object.entries(parameters).map(([name, value]) => `${name}: ${state.redact(value)}`);
  const limit = Number(state.resolve(scalarParameter(action, 'InvocationTimeLimitSeconds') ?? '3'));
  const functionArn = state.resolve(textParameter(action, 'LambdaFunctionARN') ?? '');
  const event = eventWith(parameters, state);
  let seconds = 0;
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await parties.invoke(event, { block: action.Identifier, functionArn, attempt });
    seconds += outcome.seconds;
    const isLate = seconds > limit;
    if (!isLate && 'failure' in outcome && outcome.isRetried && attempt < mostAttempts) continue;
    const invoked = `invoked ${attempt === 1 ? 'once' : `${attempt} times`}`;
    const fail = (why: string): Outcome => ({
      branch: errorBranch(action),
      details: [...details, `${invoked}: ${why}`],
    });
    if (isLate) return fail(`no answer within ${limit} seconds`);
    if ('failure' in outcome) return fail(outcome.failure);
    const rejection = rejectionOf(outcome.answer, scalarParameter(action, 'ResponseValidation', 'ResponseType'));
    if (rejection !== undefined) return fail(rejection);
    const branch = successBranch(action);
    if (isAsynchronous(action)) {
      state.pendingAnswer = outcome.answer;
      return { branch, details: [...details, `${invoked}: does not wait for the answer`] };
    }
    state.external = outcome.answer;
    return { branch, details: [...details, `${invoked}: answered ${state.redact(JSON.stringify(outcome.answer))}`] };
  }
}

function eventWith(Parameters: Readonly<Record<string, string>>, { context, attributes }: CallState): ContactFlowEvent {
  const { contactId, instanceArn, customerAddress } = context;
  const ContactData = {
    ...{ ContactId: contactId, InitialContactId: contactId, PreviousContactId: contactId, Channel: 'VOICE' },
    ...{ InitiationMethod: 'INBOUND', InstanceARN: instanceArn, Attributes: { ...attributes }, Queue: null },
    CustomerEndpoint: { Address: customerAddress, Type: 'TELEPHONE_NUMBER' },
    SystemEndpoint: { Address: '+15550199', Type: 'TELEPHONE_NUMBER' },
  };
  return { Name: 'ContactFlowEvent', Details: { ContactData, Parameters } };
}
