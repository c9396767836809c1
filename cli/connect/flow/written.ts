import {
  type AnswerCase,
  type FieldKind,
  type FlowField,
  type FlowForm,
  type FlowLanguage,
  kindLengths,
  type MessageName,
  type WriteFlowOptions,
  wordings,
} from '../../../src/flow/index.ts';
import { CommandError } from '../../output/command-error.ts';

/** What a flow is to be, as options of the command line say it. */
export interface WrittenOptions {
  readonly name: string;
  readonly field: readonly string[];
  readonly attempts: number;
  /** `disconnect`, `queue:ID` or `flow:ID`. */
  readonly then: string;
  readonly module?: boolean;
  readonly agent?: boolean;
  /** Some of `agent`, `customer` and `ivr`. */
  readonly recordAfter?: string;
  readonly logAfter?: boolean;
  readonly clearBuffer?: boolean;
  readonly language?: string;
  readonly voice?: string;
  readonly terminator: '#' | '*';
  readonly when: readonly string[];
  readonly successMessage?: string;
  readonly failureMessage?: string;
  readonly unknownMessage?: string;
  readonly silenceMessage?: string;
  readonly attemptsMessage?: string;
}

const mostAttempts = 100;

/** The flow that the options describe, but for its key and its function. */
export type DescribedFlow = Omit<WriteFlowOptions, 'keyId' | 'certificate' | 'functionArn'>;

/** @throws CommandError `invalid_option` */
export function describedFlow(options: WrittenOptions): DescribedFlow {
  const { name, attempts, language, voice, terminator, logAfter = false, clearBuffer = false } = options;
  if (attempts > mostAttempts)
    throw new CommandError('invalid_option', `--attempts is at most ${mostAttempts}: a Loop block counts no further.`);
  const form = formOf(options);
  const recordAfter = recordedOf(options.recordAfter);
  if ((recordAfter.length > 0 || logAfter) && form.kind === 'flow' && form.goesTo === undefined) {
    const message = '--record-after and --log-after are for calls that go on: pass --then, --module or --agent, too.';
    throw new CommandError('invalid_option', message);
  }
  return {
    ...{ name, attempts, form, recordAfter, logAfter, clearBuffer, terminator },
    fields: fieldsOf(options.field),
    messages: messagesOf(options),
    cases: options.when.map(caseOf),
    ...(language !== undefined && { language: languageOf(language) }),
    ...(voice !== undefined && { voice }),
  };
}

function formOf({ then: goOn, module = false, agent = false }: WrittenOptions): FlowForm {
  const [, kind, id = ''] = goOn.match(/^(queue|flow):(\S+)$/) ?? [];
  if (kind === undefined && goOn !== 'disconnect')
    throw new CommandError('invalid_option', '--then is disconnect, queue:ID or flow:ID.');
  if ([module, agent, kind !== undefined].filter(Boolean).length > 1)
    throw new CommandError('invalid_option', 'Pass one of --then, --module and --agent: each says how the flow ends.');
  if (module) return { kind: 'module' };
  if (agent) return { kind: 'agent' };
  if (kind === undefined) return { kind: 'flow' };
  return { kind: 'flow', goesTo: kind === 'queue' ? { queue: id } : { flow: id } };
}

const recordable = ['agent', 'customer', 'ivr'] as const;

function recordedOf(text = ''): readonly (typeof recordable)[number][] {
  const asked = text.split(',').filter(Boolean);
  const known = recordable.filter((who) => asked.includes(who));
  if (known.length === asked.length) return known;
  throw new CommandError('invalid_option', `--record-after is some of ${recordable.join(', ')}, with commas.`);
}

const longestMessage = 1_000;

function messagesOf(options: WrittenOptions): Partial<Record<MessageName, string>> {
  const given = {
    success: options.successMessage,
    failure: options.failureMessage,
    unknown: options.unknownMessage,
    silence: options.silenceMessage,
    attempts: options.attemptsMessage,
  };
  const messages = Object.entries(given).filter((entry): entry is [MessageName, string] => entry[1] !== undefined);
  for (const [name, text] of messages) assertSpoken(`--${name}-message`, text);
  return Object.fromEntries(messages);
}

function assertSpoken(option: string, text: string): void {
  if (text.trim() === '')
    throw new CommandError('invalid_option', `${option} is empty; Connect would have nothing to say.`);
  if (text.length > longestMessage)
    throw new CommandError('invalid_option', `${option} is longer than ${longestMessage} characters.`);
}

/** `code=declined:Your card was declined.` or `status=review:We will call you.` */
function caseOf(text: string): AnswerCase {
  const [, name, value, message] = text.match(/^([\w-]{1,32})=([\w-]{1,30}):(.+)$/s) ?? [];
  if (name === undefined || value === undefined || message === undefined) {
    const advice =
      '--when must be NAME=VALUE:MESSAGE, where the name is "code" or that of a member of the result: "code=declined:Your card was declined."';
    throw new CommandError('invalid_option', advice);
  }
  assertSpoken('--when', message);
  return { name, value, message };
}

// Parameters that the function reads itself, and the name of its result.
const reserved: readonly string[] = ['key-id', 'consumer', 'check-only', 'attempt', 'result'];

const mostFields = 20;

function fieldsOf(texts: readonly string[]): readonly FlowField[] {
  const fields = (texts.length > 0 ? texts : ['my-secret-string']).map(fieldOf);
  const names = fields.map(({ name }) => name);
  if (new Set(names).size < names.length)
    throw new CommandError('invalid_option', 'Each --field must have a name of its own.');
  if (fields.length > mostFields)
    throw new CommandError('invalid_option', `At most ${mostFields} fields fit into one flow.`);
  return fields;
}

const optionNames = ['kind', 'min', 'max', 'confirm', 'prompt'] as const;
type FieldOptions = Partial<Record<(typeof optionNames)[number], string>>;
const separator = new RegExp(`,(?=(?:${optionNames.join('|')})=)`);

/** `card`, `card:confirm=last4`, or `account:min=8,max=8,prompt=Please enter your account number.` */
function fieldOf(text: string): FlowField {
  const [, name = '', rest = ''] = text.match(/^([A-Za-z0-9_-]{1,32})(?::(.+))?$/s) ?? [];
  if (name === '') {
    const message =
      '--field must be a name of at most 32 letters, digits, "-" and "_", alone or with options: account:min=8,max=8,prompt="Please enter your account number."';
    throw new CommandError('invalid_option', message);
  }
  if (reserved.includes(name))
    throw new CommandError('invalid_option', `The function reads "${name}" itself; give the field another name.`);
  const options = fieldOptions(name, rest);
  const kind = kindOf(name, options.kind);
  const lengths = kindLengths[kind];
  const min = lengthOf(name, 'min', options.min, lengths.min);
  const max = lengthOf(name, 'max', options.max, Math.max(lengths.max, min));
  if (min > max) throw new CommandError('invalid_option', `Field "${name}" has a min above its max.`);
  if ((kind === 'card' || kind === 'expiry') && (options.min ?? options.max) !== undefined) {
    const message = `Field "${name}" is of kind ${kind}, whose length is fixed; leave min and max out, or pass kind=digits.`;
    throw new CommandError('invalid_option', message);
  }
  if (options.prompt !== undefined) assertSpoken(`The prompt of "${name}"`, options.prompt);
  return {
    ...{ name, kind, min, max },
    ...(options.prompt !== undefined && { prompt: options.prompt }),
    ...(options.confirm !== undefined && { confirm: confirmOf(name, options.confirm, min) }),
  };
}

function fieldOptions(name: string, text: string): FieldOptions {
  const entries = (text === '' ? [] : text.split(separator)).map((part) => {
    const place = part.indexOf('=');
    return [part.slice(0, place), part.slice(place + 1)] as const;
  });
  const unknown = entries.find(([option]) => !optionNames.some((known) => known === option));
  if (unknown === undefined) return Object.fromEntries(entries);
  const message = `Field "${name}" has an option that there is not; the options are ${optionNames.join(', ')}, each as NAME=VALUE, with commas.`;
  throw new CommandError('invalid_option', message);
}

function kindOf(name: string, given: string | undefined): FieldKind {
  const kinds = Object.keys(kindLengths);
  const isKind = (text: string): text is FieldKind => kinds.includes(text);
  if (given === undefined) return isKind(name) ? name : 'digits';
  if (isKind(given)) return given;
  throw new CommandError('invalid_option', `The kind of field "${name}" must be one of ${kinds.join(', ')}.`);
}

function lengthOf(name: string, option: string, text: string | undefined, usual: number): number {
  if (text === undefined) return usual;
  if (/^[1-9]\d?$/.test(text) && Number(text) <= 50) return Number(text);
  throw new CommandError('invalid_option', `The ${option} of field "${name}" must be 1 to 50 digits.`);
}

const shortestConfirmed = 8;

function confirmOf(name: string, text: string, min: number): 'last4' {
  if (text !== 'last4')
    throw new CommandError('invalid_option', `Field "${name}" can be confirmed by last4 only: confirm=last4.`);
  if (min >= shortestConfirmed) return 'last4';
  const message = `Field "${name}" may have fewer than ${shortestConfirmed} digits, of which the last four would be most; pass min=${shortestConfirmed}, or leave confirm out.`;
  throw new CommandError('invalid_option', message);
}

function languageOf(tag: string): FlowLanguage {
  const isKnown = (text: string): text is FlowLanguage => Object.hasOwn(wordings, text);
  if (isKnown(tag)) return tag;
  throw new CommandError('invalid_option', `--language must be one of ${Object.keys(wordings).join(', ')}.`);
}
