import { type FlowAction, type FlowDocument, storedInput } from '../language.ts';
import {
  action,
  compare,
  equal,
  invoke,
  logging,
  message,
  onError,
  participantState,
  type Recorded,
  recording,
} from './blocks.ts';
import { answerPath, checkOf, type FlowField, faultsOf, promptOf } from './fields.ts';
import { layOut, type Step } from './layout.ts';
import { type FlowLanguage, type Wording, wordings } from './wording.ts';

/** What a written flow is for, and how it ends. */
export type FlowForm =
  /** A flow that hangs up, or transfers the call to a queue or another flow, by its id. */
  | { readonly kind: 'flow'; readonly goesTo?: { readonly queue: string } | { readonly flow: string } }
  /** A module, which returns to the flow that invoked it. */
  | { readonly kind: 'module' }
  /** A transfer flow for a quick connect: the agent who uses it is on hold while the caller types. */
  | { readonly kind: 'agent' };

/** A message for one value in the function's answer. */
export interface AnswerCase {
  /** `code`, or the name of a member of the function's result. */
  readonly name: string;
  /** The value that is compared. */
  readonly value: string;
  /** What the caller hears. */
  readonly message: string;
}

/** The options of {@link writeFlow}. */
export interface WriteFlowOptions {
  /** The flow's name in Connect. */
  readonly name: string;
  /** The security key that encrypts the inputs. */
  readonly keyId: string;
  /** The key's certificate, as PEM text. */
  readonly certificate: string;
  readonly functionArn: string;
  /** The inputs, in the order in which the flow asks for them. */
  readonly fields: readonly FlowField[];
  /** How often the flow asks for an input before it gives up. Default: 3. */
  readonly attempts?: number;
  /** Default: a flow that hangs up. */
  readonly form?: FlowForm;
  /** What is recorded again if the call continues. Default: nothing. */
  readonly recordAfter?: readonly Recorded[];
  /** Whether flow logging is enabled again if the call continues. */
  readonly logAfter?: boolean;
  /** Whether touchtone buffering is stopped and the buffer emptied before the first input. */
  readonly clearBuffer?: boolean;
  /** Default: `en-US`. */
  readonly language?: FlowLanguage;
  /** A voice of Amazon Polly, such as `Joanna`. Default: the voice of `language`, if that is set. */
  readonly voice?: string;
  /** The key that ends an input. Default: `#`. */
  readonly terminator?: '#' | '*';
  /** Replaces the language's messages. `{reference}` inserts a member of the function's result. */
  readonly messages?: Partial<Record<MessageName, string>>;
  /** Messages for values in the function's answer. */
  readonly cases?: readonly AnswerCase[];
}

/** A message that callers hear. `unknown`: the function may have used the inputs. `attempts`: no attempt is left. */
export type MessageName = 'success' | 'failure' | 'unknown' | 'silence' | 'attempts';

/** The contact attribute with the outcome: `success`, `failed`, `unknown`, `no_input`, or the value of a case. */
export const outcomeAttribute = 'secure_input';

const failureMessage = 'Failure message';
const unknownMessage = 'Unknown message';
const successMessage = 'Success message';
const attemptsMessage = 'Attempts message';
const decrypt = 'Decrypt';

/**
 * Writes a flow that asks for each field with secure input, lets the function check it, asks again if the check fails,
 * passes all inputs to the function, and says the outcome. Flow logging and recording are off before the first input.
 * Inputs are stored in flow attributes, which are deleted when the flow ends.
 *
 * @example
 * const card = { name: 'card', kind: 'card', min: 12, max: 19 };
 * const flow = writeFlow({ name: 'Pay by card', keyId, certificate, functionArn, fields: [card] });
 */
export function writeFlow(options: WriteFlowOptions): FlowDocument {
  const { name, fields, language = 'en-US', form = { kind: 'flow' }, messages = {} } = options;
  const wording: Wording = {
    ...wordings[language],
    ...Object.fromEntries(Object.entries(messages).map(([key, text]) => [key, insertResults(text)])),
  };
  const ending = endingOf(form, options, wording);
  return layOut(name, [
    ...chain([...preparation(options, form)], firstBlockOf(fields[0])),
    ...fields.flatMap((field, index) => fieldSteps(field, firstBlockOf(fields[index + 1]), options, wording)),
    ...answerSteps(options, wording, ending),
    ...ending.steps,
  ]);
}

const countOf = (name: string) => `Count ${name}`;

/** The block that starts with a field; after the last field, the one that passes the inputs to the function. */
function firstBlockOf(field: FlowField | undefined): string {
  return field === undefined ? decrypt : countOf(field.name);
}

/** Makes a block that leads to `next`. */
type MakeBlock = (next: string) => FlowAction;

/** Blocks that lead from one to the next, and the last of them to `end`. */
function chain(blocks: readonly MakeBlock[], end: string): readonly Step[] {
  const steps: Step[] = [];
  for (const make of blocks.toReversed()) steps.unshift({ block: make(steps[0]?.block.Identifier ?? end) });
  return steps;
}

/** What the flow sets before the first input. */
function* preparation({ clearBuffer, language, voice }: WriteFlowOptions, { kind }: FlowForm): Generator<MakeBlock> {
  const failed = onError(failureMessage);
  yield (next) => logging('Logging off', 'Disabled', next);
  yield (next) => recording('Recording off', [], next, failureMessage);
  const off = { EnableDTMFBuffer: 'false', StoreInput: 'False' };
  if (clearBuffer) yield (next) => action('Buffer off', 'GetParticipantInput', off, next, failed);
  const spoken = voice ?? (language && wordings[language].voice);
  const speech = { TextToSpeechVoice: spoken };
  if (spoken) yield (next) => action('Voice', 'UpdateContactTextToSpeechVoice', speech, next, onError(next));
  if (kind === 'agent') yield (next) => participantState('Agent on hold', 'AgentOnHold', next, failureMessage);
}

/** Asks for a field until the input passes its check, or no attempt is left. */
function fieldSteps(field: FlowField, following: string, options: WriteFlowOptions, wording: Wording): readonly Step[] {
  const { keyId, certificate, attempts = 3, terminator = '#' } = options;
  const { name, max } = field;
  const [question, typed, keep] = [`Ask for ${name}`, `Was ${name} typed?`, `Keep ${name}`];
  const checks = checkSteps(field, keep, options, wording);
  const again = countOf(name);
  const silent = `${name} silent`;
  const FlowAttributes = { [name]: { Type: 'String', Value: storedInput } };
  const parameters = {
    Text: promptOf(field, wording, terminator),
    InputTimeLimitSeconds: '10',
    StoreInput: 'True',
    InputValidation: { CustomValidation: { MaximumLength: String(max) } },
    InputEncryption: { EncryptionKeyId: keyId, Key: certificate },
    DTMFConfiguration: {
      InputTerminationSequence: terminator,
      DisableCancelKey: terminator === '*' ? 'True' : 'False',
      InterdigitTimeLimitSeconds: '5',
    },
  };
  return [
    {
      block: action(again, 'Loop', { LoopCount: String(attempts) }, attemptsMessage, {
        Conditions: equal([
          ['ContinueLooping', question],
          ['DoneLooping', attemptsMessage],
        ]),
      }),
    },
    { block: action(question, 'GetParticipantInput', parameters, typed, onError(failureMessage)) },
    {
      // If the caller types nothing, Connect takes the same branch and stores this text.
      block: compare(typed, storedInput, [['Timeout', silent]], checks[0]?.block.Identifier ?? keep),
      below: [message(silent, wording.silence, again)],
    },
    ...checks,
    { block: action(keep, 'UpdateFlowAttributes', { FlowAttributes }, following, onError(failureMessage)) },
  ];
}

/** Lets the function check an input, and the caller confirm it. */
function checkSteps(
  field: FlowField,
  keep: string,
  { functionArn, keyId }: WriteFlowOptions,
  wording: Wording,
): readonly Step[] {
  const { name, confirm } = field;
  if (checkOf(field) === undefined) return [];
  const [checked, valid, confirmed] = [`Check ${name}`, `Is ${name} valid?`, `Confirm ${name}`];
  const parameters = { 'key-id': keyId, 'check-only': 'true', [name]: storedInput };
  const again = countOf(name);
  const faults = faultsOf(field);
  return [
    { block: invoke(checked, functionArn, parameters, valid, failureMessage) },
    {
      block: compare(
        valid,
        answerPath(name, 'check'),
        [['valid', confirm ? confirmed : keep], ...faults.map((fault) => [fault, `${name} ${fault}`] as const)],
        failureMessage,
      ),
      below: faults.map((fault) => message(`${name} ${fault}`, wording.faults[fault], again)),
    },
    ...(confirm ? [{ block: confirmBlock(confirmed, wording.confirm(digitsOf(name)), keep, again) }] : []),
  ];
}

const digitsOf = (name: string) => `<say-as interpret-as="digits">${answerPath(name, 'last4')}</say-as>`;

function confirmBlock(identifier: string, question: string, keep: string, again: string): FlowAction {
  const parameters = { SSML: `<speak>${question}</speak>`, InputTimeLimitSeconds: '10', StoreInput: 'False' };
  return action(identifier, 'GetParticipantInput', parameters, undefined, {
    ...onError(again, 'InputTimeLimitExceeded', 'NoMatchingCondition', 'NoMatchingError'),
    Conditions: equal([
      ['1', keep],
      ['2', again],
    ]),
  });
}

/** Replaces each name in braces with a reference to that member of the function's result. */
function insertResults(text: string): string {
  return text.replaceAll(/\{([\w-]{1,64})\}/g, '$.External.data.result.$1');
}

/** Passes the inputs to the function, and says a message for each answer. */
function answerSteps(
  { fields, keyId, functionArn, cases = [] }: WriteFlowOptions,
  wording: Wording,
  { end }: Ending,
): readonly Step[] {
  const parameters = {
    'key-id': keyId,
    ...Object.fromEntries(fields.map(({ name }) => [name, `$.FlowAttributes.${name}`])),
  };
  const results = new Map<string, AnswerCase[]>();
  for (const each of cases) {
    if (each.name !== 'code') results.set(each.name, [...(results.get(each.name) ?? []), each]);
  }
  const codes = cases.filter(({ name }) => name === 'code');
  const compared = [...results.keys()].map((name) => `Which ${name}?`);
  const said = (each: AnswerCase) => end(`Message ${each.value}`, insertResults(each.message), each.value);
  return [
    {
      // If the invocation fails, the function may still have used the inputs.
      block: invoke(decrypt, functionArn, parameters, 'Was it decrypted?', unknownMessage),
      below: [
        ...end(unknownMessage, wording.unknown, 'unknown'),
        ...end(attemptsMessage, wording.attempts, 'no_input'),
      ],
    },
    {
      // The function reports failures in its answer, not by failing itself.
      block: compare(
        'Was it decrypted?',
        '$.External.data.success',
        [['true', compared[0] ?? successMessage]],
        'Why not?',
      ),
      below: [
        compare(
          'Why not?',
          '$.External.code',
          [['use_timed_out', unknownMessage], ...codes.map(({ value }) => [value, `Message ${value}`] as const)],
          failureMessage,
        ),
        ...codes.flatMap(said),
        ...end(failureMessage, wording.failure, 'failed'),
      ],
    },
    ...[...results].map(([name, of], index) => ({
      block: compare(
        `Which ${name}?`,
        `$.External.data.result.${name}`,
        of.map(({ value }) => [value, `Message ${value}`]),
        compared[index + 1] ?? successMessage,
      ),
      below: of.flatMap(said),
    })),
    ...end(successMessage, wording.success, 'success').map((block) => ({ block })),
  ];
}

interface Ending {
  /** Says a message and, if the call continues, stores the outcome. */
  end(identifier: string, text: string, outcome: string): readonly FlowAction[];
  /** The steps after every outcome. */
  readonly steps: readonly Step[];
}

function endingOf(form: FlowForm, options: WriteFlowOptions, wording: Wording): Ending {
  const hangsUp = form.kind === 'flow' && form.goesTo === undefined;
  const steps = continuation(form, options, wording);
  const first = steps[0]?.block.Identifier ?? '';
  return {
    steps,
    end(identifier, text, outcome) {
      if (hangsUp) return [message(identifier, text, first)];
      const outcomeBlock = `Outcome ${outcome}`;
      const kept = { Attributes: { [outcomeAttribute]: outcome }, TargetContact: 'Current' };
      return [
        message(identifier, text, outcomeBlock),
        action(outcomeBlock, 'UpdateContactAttributes', kept, first, onError(first)),
      ];
    },
  };
}

/** Turns recording and logging on again if asked to, then ends or transfers the call. */
function continuation(
  form: FlowForm,
  { recordAfter = [], logAfter = false }: WriteFlowOptions,
  wording: Wording,
): readonly Step[] {
  const last = lastSteps(form, wording);
  const blocks: MakeBlock[] = [];
  if (recordAfter.length > 0) blocks.push((next) => recording('Recording on', recordAfter, next, next));
  if (logAfter) blocks.push((next) => logging('Logging on', 'Enabled', next));
  return [...chain(blocks, last[0]?.block.Identifier ?? ''), ...last];
}

function lastSteps(form: FlowForm, wording: Wording): readonly Step[] {
  const disconnect = action('Disconnect', 'DisconnectParticipant', {});
  if (form.kind === 'module') return [{ block: action('Return', 'EndFlowModuleExecution', {}) }];
  if (form.kind === 'agent')
    return [{ block: participantState('Conference', 'OffHold', 'Disconnect', 'Disconnect') }, { block: disconnect }];
  const { goesTo } = form;
  if (goesTo === undefined) return [{ block: disconnect }];
  const failed = 'Transfer message';
  const below = [message(failed, wording.transfer, 'Disconnect'), disconnect];
  if ('flow' in goesTo) {
    const block = action('Transfer', 'TransferToFlow', { ContactFlowId: goesTo.flow }, undefined, onError(failed));
    return [{ block, below }];
  }
  const queue = action('Queue', 'UpdateContactTargetQueue', { QueueId: goesTo.queue }, 'Transfer', onError(failed));
  const errors = onError(failed, 'QueueAtCapacity', 'NoMatchingError');
  return [{ block: queue }, { block: action('Transfer', 'TransferContactToQueue', {}, undefined, errors), below }];
}
