import type { BlockFacts } from '../follow/facts.ts';
import { isAsynchronous, scalarParameter, textParameter } from '../language.ts';
import { errorBranch, type Outcome, successBranch } from './outcome.ts';
import type { CallParties, ContactFlowEvent } from './parties.ts';
import { refusal } from './response.ts';
import type { CallState } from './state.ts';

const mostAttempts = 3;

/** A block that invokes a function, again where Connect does, within the block's time limit. */
export async function playFunction(
  { action, assignments }: BlockFacts,
  state: CallState,
  parties: CallParties,
): Promise<Outcome> {
  const parameters = Object.fromEntries(assignments.map(({ name, value }) => [name, state.resolve(value)]));
  const details = Object.entries(parameters).map(([name, value]) => `${name}: ${state.shown(value)}`);
  const limit = Number(state.resolve(scalarParameter(action, 'InvocationTimeLimitSeconds') ?? '3'));
  const functionArn = state.resolve(textParameter(action, 'LambdaFunctionARN') ?? '');
  const event = eventWith(parameters, state);
  let seconds = 0;
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await parties.invokes(event, { block: action.Identifier, functionArn, attempt });
    seconds += outcome.seconds;
    const isLate = seconds > limit;
    if (!isLate && 'failure' in outcome && outcome.isRetried && attempt < mostAttempts) continue;
    const invoked = `invoked ${attempt === 1 ? 'once' : `${attempt} times`}`;
    const fail = (why: string): Outcome => ({
      branch: errorBranch(action),
      details: [...details, `${invoked}: ${why}`],
    });
    if (isLate) return fail(`not answered within ${limit} seconds`);
    if ('failure' in outcome) return fail(outcome.failure);
    const refused = refusal(outcome.answer, scalarParameter(action, 'ResponseValidation', 'ResponseType'));
    if (refused !== undefined) return fail(refused);
    if (isAsynchronous(action)) state.pendingAnswer = outcome.answer;
    else state.external = outcome.answer;
    const answered = isAsynchronous(action)
      ? 'the answer is not waited for'
      : `answered ${state.shown(JSON.stringify(outcome.answer))}`;
    return { branch: successBranch(action), details: [...details, `${invoked}: ${answered}`] };
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
