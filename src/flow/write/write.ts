import { type FlowAction, type FlowDocument, storedInput } from '../language.ts';
import { action, compare, equal, invoke, logging, message, onError, type Recorded, recording } from './blocks.ts';
import { answerPath, checkOf, type FlowField, faultsOf, functionSeconds, promptOf } from './fields.ts';
import { drawn, type Step } from './layout.ts';
import { type FlowLanguage, type Wording, wordings } from './wording.ts';

/** How a written flow ends, and what it is for. */
export type FlowForm =
  /** A flow that hangs up, or passes the call on to a queue or to another flow. */
  | { readonly kind: 'flow'; readonly goesTo?: { readonly queue: string } | { readonly flow: string } }
  /** A module, which returns to the flow that invoked it. */
  | { readonly kind: 'module' }
  /** A transfer flow for a quick connect: the agent who dials it is on hold while the caller types. */
  | { readonly kind: 'agent' };

/** Where the answer of the function leads to a message of its own. */
export interface AnswerCase {
  /** `code`, or a member of the result. */
  readonly name: string;
  readonly value: string;
  readonly message: string;
}

/** What {@link writeFlow} writes. */
export interface WriteFlowOptions {
  /** What Connect's flow editor shows. */
  readonly name: string;
  readonly keyId: string;
  /** PEM text. */
  readonly certificate: string;
  readonly functionArn: string;
  readonly fields: readonly FlowField[];
  /** How often an input is asked for. Default: 3. */
  readonly attempts?: number;
  /** Default: a flow that hangs up. */
  readonly form?: FlowForm;
  /** What is recorded again where the call goes on. Default: nothing. */
  readonly recordAfter?: readonly Recorded[];
  /** Whether the flow is logged again where the call goes on. */
  readonly logAfter?: boolean;
  /** Whether touchtone buffering is stopped, and what is in the buffer removed, before the first input. */
  readonly clearBuffer?: boolean;
  /** Default: `en-US`. */
  readonly language?: FlowLanguage;
  /** A voice of Amazon Polly, such as `Joanna`. Default: that of the language, if one is set. */
  readonly voice?: string;
  /** The key that ends an input. Default: `#`. */
  readonly terminator?: '#' | '*';
  /** What callers hear in place of the language's own sentences; `{reference}` says a member of the function's result. */
  readonly messages?: Partial<Record<MessageName, string>>;
  readonly cases?: readonly AnswerCase[];
}

export type MessageName = 'success' | 'failure' | 'unknown' | 'silence' | 'attempts';

/** The contact attribute that says what became of the inputs, where the call goes on. */
export const outcomeAttribute = 'secure_input';

const failureMessage = 'Failure message';
const unknownMessage = 'Unknown message';
const successMessage = 'Success message';
const attemptsMessage = 'Attempts message';
const decrypt = 'Decrypt';

/**
 * Writes a flow that asks for each field in turn with secure input, lets the function check it, asks again where need be,
 * hands all inputs to the function, and says what came of it. Flow logging and recording are off before the first input;
 * inputs are kept in flow attributes, which end with the flow.
 *
 * @example
 * const card = { name: 'card', kind: 'card', min: 12, max: 19 };
 * const flow = writeFlow({ name: 'Pay by card', keyId, certificate, functionArn, fields: [card] });
 */
export function writeFlow(options: WriteFlowOptions): FlowDocument {
  const { name, fields, language = 'en-US', form = { kind: 'flow' }, messages = {} } = options;
  const wording: Wording = {
    ...wordings[language],
    ...Object.fromEntries(Object.entries(messages).map(([key, text]) => [key, withResult(text)])),
  };
  const ending = endingOf(form, options, wording);
  const first = ask(fields[0]?.name ?? '');
  const asked = fields.flatMap((field, index) =>
    fieldSteps(field, nextAfter(fields[index + 1]), { ...options, wording }),
  );
  return drawn(name, [
    ...chained([...quiet(options, form)], first),
    ...asked,
    ...answerSteps(options, wording, ending),
    ...ending.steps,
  ]);
}

const ask = (name: string) => `Count ${name}`;

function nextAfter(field: FlowField | undefined): string {
  return field === undefined ? decrypt : ask(field.name);
}

/** Blocks that lead one to the next, and the last of them to `end`. */
function chained(
  blocks: readonly { readonly identifier: string; readonly make: (next: string) => FlowAction }[],
  end: string,
): readonly Step[] {
  return blocks.map(({ make }, index) => ({ block: make(blocks[index + 1]?.identifier ?? end) }));
}

/** What is set before the first input. */
function* quiet({ clearBuffer = false, language, voice }: WriteFlowOptions, { kind }: FlowForm) {
  const block = (identifier: string, make: (identifier: string, next: string) => FlowAction) => ({
    identifier,
    make: (next: string) => make(identifier, next),
  });
  yield block('Logging off', (identifier, next) => logging(identifier, 'Disabled', next));
  yield block('Recording off', (identifier, next) => recording(identifier, [], next, failureMessage));
  if (clearBuffer)
    yield block('Buffer off', (identifier, next) =>
      action(
        identifier,
        'GetParticipantInput',
        { EnableDTMFBuffer: 'false', StoreInput: 'False' },
        next,
        onError(failureMessage),
      ),
    );
  const spoken = voice ?? (language && wordings[language].voice);
  if (spoken !== undefined)
    yield block('Voice', (identifier, next) =>
      action(identifier, 'UpdateContactTextToSpeechVoice', { TextToSpeechVoice: spoken }, next, onError(next)),
    );
  if (kind === 'agent')
    yield block('Agent on hold', (identifier, next) =>
      action(
        identifier,
        'UpdatePreviousContactParticipantState',
        { PreviousContactParticipantState: 'AgentOnHold' },
        next,
        onError(failureMessage),
      ),
    );
}

interface FieldOptions extends WriteFlowOptions {
  readonly wording: Wording;
}

/** One field: asked for until the caller typed something that passes its check, or the attempts are used up. */
function fieldSteps(field: FlowField, following: string, options: FieldOptions): readonly Step[] {
  const { keyId, certificate, functionArn, attempts = 3, terminator = '#', wording } = options;
  const { name, max } = field;
  const [question, typed, keep] = [`Ask for ${name}`, `Was ${name} typed?`, `Keep ${name}`];
  const checks = checkSteps(field, keep, { functionArn, keyId, wording });
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
      block: action(ask(name), 'Loop', { LoopCount: String(attempts) }, attemptsMessage, {
        Conditions: equal([
          ['ContinueLooping', question],
          ['DoneLooping', attemptsMessage],
        ]),
      }),
    },
    { block: action(question, 'GetParticipantInput', parameters, typed, onError(failureMessage)) },
    {
      // A caller who types nothing takes the same branch, with this text for an input.
      block: compare(typed, storedInput, [['Timeout', `${name} silent`]], checks[0]?.block.Identifier ?? keep),
      below: [message(`${name} silent`, wording.silence, ask(name))],
    },
    ...checks,
    {
      block: action(
        keep,
        'UpdateFlowAttributes',
        { FlowAttributes: { [name]: { Type: 'String', Value: storedInput } } },
        following,
        onError(failureMessage),
      ),
    },
  ];
}

/** The function says whether an input can be right, and the caller, if asked, whether it is. */
function checkSteps(
  field: FlowField,
  keep: string,
  { functionArn, keyId, wording }: Pick<FieldOptions, 'functionArn' | 'keyId' | 'wording'>,
): readonly Step[] {
  const { name, confirm } = field;
  if (checkOf(field) === undefined) return [];
  const [checked, valid, confirmed] = [`Check ${name}`, `Is ${name} valid?`, `Confirm ${name}`];
  const parameters = { 'key-id': keyId, 'check-only': 'true', [name]: storedInput };
  const again = ask(name);
  const faults = faultsOf(field);
  return [
    { block: invoke(checked, { functionArn, seconds: functionSeconds, parameters }, valid, failureMessage) },
    {
      block: compare(
        valid,
        answerPath(name, 'check'),
        [
          ['valid', confirm === undefined ? keep : confirmed],
          ...faults.map((fault) => [fault, `${name} ${fault}`] as const),
        ],
        failureMessage,
      ),
      below: faults.map((fault) => message(`${name} ${fault}`, wording.faults[fault], again)),
    },
    ...(confirm === undefined ? [] : [{ block: confirmBlock(confirmed, field, { keep, again, wording }) }]),
  ];
}

function confirmBlock(
  identifier: string,
  { name }: FlowField,
  { keep, again, wording }: { readonly keep: string; readonly again: string; readonly wording: Wording },
): FlowAction {
  const last4 = `<say-as interpret-as="digits">${answerPath(name, 'last4')}</say-as>`;
  const parameters = {
    SSML: `<speak>${wording.confirm(last4)}</speak>`,
    InputTimeLimitSeconds: '10',
    StoreInput: 'False',
  };
  return action(identifier, 'GetParticipantInput', parameters, undefined, {
    ...onError(again, 'InputTimeLimitExceeded', 'NoMatchingCondition', 'NoMatchingError'),
    Conditions: equal([
      ['1', keep],
      ['2', again],
    ]),
  });
}

/** A member of the function's result in the place of its name in braces. */
function withResult(text: string): string {
  return text.replaceAll(/\{([\w-]{1,64})\}/g, '$.External.data.result.$1');
}

/** The function's answer, and a message for each that it may give. */
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
  const said = (each: AnswerCase) => end(`Message ${each.value}`, withResult(each.message), each.value);
  return [
    {
      block: invoke(
        decrypt,
        { functionArn, seconds: functionSeconds, parameters },
        'Was it decrypted?',
        // Whatever it did, it may have done.
        unknownMessage,
      ),
      below: [
        ...end(unknownMessage, wording.unknown, 'unknown'),
        ...end(attemptsMessage, wording.attempts, 'no_input'),
      ],
    },
    {
      // The function answers failures, too; only its answer says which it is.
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
  /** A message, and what is kept of the outcome. */
  end(identifier: string, text: string, outcome: string): readonly FlowAction[];
  /** The way on, which every outcome takes. */
  readonly steps: readonly Step[];
}

function endingOf(form: FlowForm, options: WriteFlowOptions, wording: Wording): Ending {
  const hangsUp = form.kind === 'flow' && form.goesTo === undefined;
  const steps = [...wayOn(form, options, wording)];
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

/** What is on again, and where the call goes. */
function* wayOn(
  form: FlowForm,
  { recordAfter = [], logAfter = false }: WriteFlowOptions,
  wording: Wording,
): Generator<Step> {
  const last = lastSteps(form, wording);
  const leaves = last[0]?.block.Identifier ?? '';
  const logs = logAfter ? 'Logging on' : leaves;
  if (recordAfter.length > 0) yield { block: recording('Recording on', recordAfter, logs, logs) };
  if (logAfter) yield { block: logging('Logging on', 'Enabled', leaves) };
  yield* last;
}

function lastSteps(form: FlowForm, wording: Wording): readonly Step[] {
  const disconnect = action('Disconnect', 'DisconnectParticipant', {});
  if (form.kind === 'module') return [{ block: action('Return', 'EndFlowModuleExecution', {}) }];
  if (form.kind === 'agent') {
    const offHold = { PreviousContactParticipantState: 'OffHold' };
    const block = action(
      'Conference',
      'UpdatePreviousContactParticipantState',
      offHold,
      'Disconnect',
      onError('Disconnect'),
    );
    return [{ block }, { block: disconnect }];
  }
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
