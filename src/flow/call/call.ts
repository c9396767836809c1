import { holds } from '../compare.ts';
import { atStart, type Control, controlAfter } from '../follow/control.ts';
import { type BlockFacts, factsOf } from '../follow/facts.ts';
import {
  type Branch,
  branchesOf,
  bufferSwitch,
  type FlowAction,
  type FlowDocument,
  isAsynchronous,
  isStored,
  isTelephoneNumber,
  isTrue,
  member,
  replaceReferences,
  scalarParameter,
  storedInput,
  textParameter,
} from '../language.ts';
import { maximumOf, takeKeys } from './keys.ts';
import type { CallParties, ContactFlowEvent, FunctionOutcome } from './parties.ts';
import { refusal } from './response.ts';
import type { CallEnd, CallStep, CallTranscript } from './transcript.ts';

/** Facts of the call that events and references give. */
export interface CallContext {
  readonly contactId?: string;
  readonly instanceArn?: string;
  /** The caller's number. */
  readonly customerAddress?: string;
}

/** What a block did: the branch it takes, or the end of the call. */
interface Outcome {
  readonly branch?: Branch | undefined;
  readonly end?: Omit<CallEnd, 'block'>;
  readonly said?: string;
  readonly details?: readonly string[];
}

const mostSteps = 1_000;
const mostAttempts = 3;

/**
 * Plays a call through a flow as Connect does, as far as AWS documents it. It never picks a branch of a block that it
 * cannot play: `parties.chooses` does, or the call is `undecided`.
 *
 * @example
 * const { end, heard } = await callFlow(flow, { types: () => ({ keys: '4444444444444448#' }), encrypts, invokes });
 */
export async function callFlow(
  flow: FlowDocument,
  parties: CallParties,
  { contactId = crypto.randomUUID(), instanceArn = '', customerAddress = '+15550100' }: CallContext = {},
): Promise<CallTranscript> {
  const blocks = new Map(flow.Actions.toReversed().map((action) => [action.Identifier, factsOf(action)]));
  const attributes: Record<string, string> = {};
  const flowAttributes: Record<string, string> = {};
  const loops = new Map<string, number>();
  const secrets = new Map<string, string>();
  const steps: CallStep[] = [];
  const heard: string[] = [];
  const recorded: string[] = [];
  const logged: string[] = [];
  let control: Control = atStart;
  let stored = '';
  let external: unknown;
  let pendingAnswer: unknown;
  let buffer = '';

  const system: Readonly<Record<string, string>> = {
    '$.ContactId': contactId,
    '$.InitialContactId': contactId,
    '$.InstanceARN': instanceArn,
    '$.Channel': 'VOICE',
    '$.CustomerEndpoint.Address': customerAddress,
  };

  function resolve(text: string): string {
    return replaceReferences(text, (path) => {
      if (path === storedInput) return stored;
      if (path.startsWith('$.Attributes.')) return attributes[path.slice('$.Attributes.'.length)] ?? '';
      if (path.startsWith('$.FlowAttributes.')) return flowAttributes[path.slice('$.FlowAttributes.'.length)] ?? '';
      if (path.startsWith('$.External.')) return textOf(path.split('.').slice(2).reduce(member, external));
      return system[path] ?? '';
    });
  }

  /** The text without inputs and ciphertexts. */
  function shown(text: string): string {
    const masked = [...secrets].reduce(
      (masking, [input, block]) => (input === '' ? masking : masking.replaceAll(input, `[input of "${block}"]`)),
      text,
    );
    return masked.replaceAll(/[A-Za-z0-9+/]{200,}=*/g, (found) => `[ciphertext of ${found.length} characters]`);
  }

  const errorBranch = (action: FlowAction, type: string) =>
    branchesOf(action).find(({ kind, name }) => kind === 'error' && name === type);
  const success = (action: FlowAction) => branchesOf(action).find(({ kind }) => kind === 'next');
  const failed = (action: FlowAction) => errorBranch(action, 'NoMatchingError');

  async function takeInput(action: FlowAction): Promise<Outcome> {
    const { Identifier: block } = action;
    const said = resolve(textParameter(action, 'Text') ?? textParameter(action, 'SSML') ?? '');
    if (said !== '') heard.push(shown(said));
    const act = await parties.types({ block, prompt: shown(said), maxDigits: maximumOf(action) });
    if (act === 'hang-up') return { said: shown(said), end: { kind: 'hung-up', why: 'the caller hung up' } };
    const { digits, rest } = takeKeys(action, buffer + act.keys);
    buffer = control.buffering === 'on' ? rest : '';
    if (digits !== '' && control.ivrRecording === 'on') recorded.push(block);
    const typed = `typed ${digits.length} ${digits.length === 1 ? 'key' : 'keys'}`;
    const answered = { said: shown(said), details: [digits === '' ? 'typed nothing' : typed] };
    return isStored(action) ? storeInput(action, digits, answered) : { ...answered, branch: chooseKey(action, digits) };
  }

  async function storeInput(action: FlowAction, digits: string, answered: Outcome): Promise<Outcome> {
    const { details = [] } = answered;
    if (digits === '') {
      stored = 'Timeout';
      return { ...answered, branch: success(action), details: [...details, `${storedInput} is "Timeout"`] };
    }
    if (isTelephoneNumber(action) && !/^\+?\d{7,15}$/.test(digits))
      return { ...answered, branch: errorBranch(action, 'InvalidPhoneNumber') ?? failed(action) };
    const encryption = action.Parameters['InputEncryption'];
    if (encryption === undefined) {
      stored = digits;
      return {
        ...answered,
        branch: success(action),
        details: [...details, `${storedInput} is what was typed, unencrypted`],
      };
    }
    if (digits.length > 1) secrets.set(digits, action.Identifier);
    const keyId = resolve(String(member(encryption, 'EncryptionKeyId') ?? ''));
    try {
      stored = await parties.encrypts(digits, keyId, resolve(String(member(encryption, 'Key') ?? '')));
    } catch (error) {
      const why = error instanceof Error && 'code' in error ? `: ${error.message}` : '';
      return { ...answered, branch: failed(action), details: [...details, `it could not be encrypted${why}`] };
    }
    return { ...answered, branch: success(action), details: [...details, `${storedInput} is ${shown(stored)}`] };
  }

  function chooseKey(action: FlowAction, digits: string): Branch | undefined {
    if (digits === '') return errorBranch(action, 'InputTimeLimitExceeded') ?? failed(action);
    return matching(action, digits) ?? errorBranch(action, 'NoMatchingCondition') ?? success(action) ?? failed(action);
  }

  function matching(action: FlowAction, value: string): Branch | undefined {
    return branchesOf(action).find(
      ({ kind, operator = '', operands = [] }) => kind === 'condition' && holds(value, operator, operands.map(resolve)),
    );
  }

  async function invoke(action: FlowAction, facts: BlockFacts): Promise<Outcome> {
    const { Identifier: block } = action;
    const parameters = Object.fromEntries(facts.assignments.map(({ name, value }) => [name, resolve(value)]));
    const details = Object.entries(parameters).map(([name, value]) => `${name}: ${shown(value)}`);
    const limit = Number(resolve(scalarParameter(action, 'InvocationTimeLimitSeconds') ?? '3'));
    const functionArn = resolve(textParameter(action, 'LambdaFunctionARN') ?? '');
    const event = eventWith(parameters);
    const fail = (why: string): Outcome => ({ branch: failed(action), details: [...details, why] });
    let seconds = 0;
    for (let attempt = 1; ; attempt += 1) {
      const outcome: FunctionOutcome = await parties.invokes(event, { block, functionArn, attempt });
      seconds += outcome.seconds;
      if (seconds > limit) return fail(`invoked ${times(attempt)}: not answered within ${limit} seconds`);
      if ('failure' in outcome) {
        if (outcome.isRetried && attempt < mostAttempts) continue;
        return fail(`invoked ${times(attempt)}: ${outcome.failure}`);
      }
      const refused = refusal(outcome.answer, scalarParameter(action, 'ResponseValidation', 'ResponseType'));
      if (refused !== undefined) return fail(`invoked ${times(attempt)}: ${refused}`);
      if (isAsynchronous(action)) pendingAnswer = outcome.answer;
      else external = outcome.answer;
      const answered = isAsynchronous(action)
        ? 'the answer is not waited for'
        : `answered ${shown(JSON.stringify(outcome.answer))}`;
      return { branch: success(action), details: [...details, `invoked ${times(attempt)}: ${answered}`] };
    }
  }

  function eventWith(Parameters: Readonly<Record<string, string>>): ContactFlowEvent {
    const ContactData = {
      ...{ ContactId: contactId, InitialContactId: contactId, PreviousContactId: contactId, Channel: 'VOICE' },
      ...{ InitiationMethod: 'INBOUND', InstanceARN: instanceArn, Attributes: { ...attributes }, Queue: null },
      CustomerEndpoint: { Address: customerAddress, Type: 'TELEPHONE_NUMBER' },
      SystemEndpoint: { Address: '+15550199', Type: 'TELEPHONE_NUMBER' },
    };
    return { Name: 'ContactFlowEvent', Details: { ContactData, Parameters } };
  }

  function setAttributes(action: FlowAction, facts: BlockFacts): Outcome {
    const values = facts.assignments.map(({ name, value }) => [name, resolve(value)] as const);
    for (const [name, value] of values) {
      if (name.startsWith('$.Attributes.')) attributes[name.slice('$.Attributes.'.length)] = value;
      else flowAttributes[name.slice('$.FlowAttributes.'.length)] = value;
    }
    return { branch: success(action), details: values.map(([name, value]) => `${name} is ${shown(value)}`) };
  }

  function loop(action: FlowAction): Outcome {
    const count = (loops.get(action.Identifier) ?? 0) + 1;
    const isDone = count > Number(resolve(scalarParameter(action, 'LoopCount') ?? '0'));
    loops.set(action.Identifier, isDone ? 0 : count);
    const branch =
      matching(action, isDone ? 'DoneLooping' : 'ContinueLooping') ?? (isDone ? success(action) : undefined);
    return { branch, details: [isDone ? 'done looping' : `loop ${count}`] };
  }

  function switchBuffering(action: FlowAction): Outcome | Promise<Outcome> {
    const left = buffer;
    buffer = '';
    if (bufferSwitch(action) === true || !isTrue(scalarParameter(action, 'StoreInput')))
      return { branch: success(action) };
    return storeInput(action, left, { details: [`${left.length} keys were in the touchtone buffer`] });
  }

  function say(action: FlowAction): Outcome {
    const text = textParameter(action, 'Text') ?? textParameter(action, 'SSML');
    const said = shown(text === undefined ? `[prompt ${textParameter(action, 'PromptId') ?? ''}]` : resolve(text));
    heard.push(said);
    return { branch: success(action), said };
  }

  const plays: Readonly<Record<string, (action: FlowAction, facts: BlockFacts) => Outcome | Promise<Outcome>>> = {
    GetParticipantInput: (action) => (bufferSwitch(action) === undefined ? takeInput(action) : switchBuffering(action)),
    InvokeLambdaFunction: invoke,
    UpdateContactAttributes: setAttributes,
    UpdateFlowAttributes: setAttributes,
    MessageParticipant: say,
    Loop: loop,
    Compare(action) {
      const value = resolve(textParameter(action, 'ComparisonValue') ?? '');
      const branch = matching(action, value) ?? errorBranch(action, 'NoMatchingCondition') ?? success(action);
      return { branch, details: [`compares ${shown(value) === '' ? 'an empty text' : `"${shown(value)}"`}`] };
    },
    DisconnectParticipant: () => ({ end: { kind: 'disconnected', why: 'the flow disconnects' } }),
    EndFlowExecution: () => ({ end: { kind: 'flow-ended', why: 'the flow ends' } }),
    EndFlowModuleExecution: () => ({ end: { kind: 'flow-ended', why: 'the module ends' } }),
    TransferToFlow: (action) => ({
      end: { kind: 'transferred', why: `to flow ${textParameter(action, 'ContactFlowId') ?? ''}` },
    }),
    ...Object.fromEntries(quietTypes.map((type) => [type, (action: FlowAction) => ({ branch: success(action) })])),
  };

  async function play(facts: BlockFacts): Promise<Outcome> {
    const { action } = facts;
    const name = parties.forced?.(action.Identifier);
    if (name !== undefined) return { ...chosen(action, name), details: ['the branch was chosen beforehand'] };
    if (facts.loadsResult) {
      external = pendingAnswer;
      return { branch: success(action), details: ['loads the result of the function'] };
    }
    const known = plays[action.Type];
    if (known !== undefined) return known(action, facts);
    const branches = branchesOf(action).map((branch) => branch.name);
    const choice = await parties.chooses?.(action, branches);
    if (choice !== undefined) return { ...chosen(action, choice), details: ['the branch was chosen'] };
    return {
      end: {
        kind: 'undecided',
        why: `blocks of type ${action.Type} cannot be played; choose one of: ${branches.join(', ')}`,
      },
    };
  }

  function chosen(action: FlowAction, name: string): Outcome {
    const branch = branchNamed(action, name);
    return branch === undefined ? { end: { kind: 'undecided', why: `there is no branch "${name}"` } } : { branch };
  }

  let facts = blocks.get(flow.StartAction);
  let end: CallEnd | undefined =
    facts === undefined
      ? { kind: 'lost', block: flow.StartAction, why: 'the first block is not in the flow' }
      : undefined;
  while (facts !== undefined && end === undefined) {
    const { action } = facts;
    const block = action.Identifier;
    const outcome: Outcome = await play(facts);
    const { branch, said, details = [] } = outcome;
    const isLogged = control.logging === 'on';
    if (isLogged)
      logged.push(
        ...details.map((detail) => `${block}: ${detail}`),
        ...(said === undefined ? [] : [`${block}: says ${said}`]),
      );
    const taken = branch === undefined ? {} : { branch: branch.name, next: branch.next };
    steps.push({ block, type: action.Type, ...taken, ...(said && { said }), details, isLogged });
    if (outcome.end !== undefined) end = { block, ...outcome.end };
    else if (branch === undefined) end = { kind: 'lost', block, why: 'the block has no branch for what happened' };
    else if (steps.length >= mostSteps) end = { kind: 'endless', block, why: `after ${mostSteps} blocks` };
    else {
      control = controlAfter(control, facts, branch.kind === 'error');
      facts = blocks.get(branch.next);
      if (facts === undefined) end = { kind: 'lost', block, why: `block "${branch.next}" is not in the flow` };
    }
  }
  const masked = (values: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, shown(value)]));
  return {
    ...{ steps, heard, recorded, logged },
    end: end ?? { kind: 'lost', block: flow.StartAction, why: 'there is no block' },
    attributes: masked(attributes),
    flowAttributes: masked(flowAttributes),
  };
}

// They change what Connect does, and nothing that can be seen in a call on one's own machine.
const quietTypes = [
  'UpdateFlowLoggingBehavior',
  'UpdateContactRecordingBehavior',
  'UpdateContactRecordingAndAnalyticsBehavior',
  'UpdateContactTextToSpeechVoice',
  'UpdateContactTargetQueue',
  'UpdatePreviousContactParticipantState',
];

/** A branch by an error type, `Error`, `Success`, a condition in words, or one of its operands. */
function branchNamed(action: FlowAction, name: string): Branch | undefined {
  const branches = branchesOf(action);
  const type = name === 'Error' ? 'NoMatchingError' : name;
  return branches.find((branch) => branch.name === type) ?? branches.find(({ operands }) => operands?.includes(name));
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
