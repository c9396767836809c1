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

/** The options that describe a flow. */
export interface WrittenOptions {
  readonly name: string;
  readonly field: readonly string[];
  readonly attempts: number;
  /** `disconnect`, `queue:ID` or `flow:ID`. */
  readonly then: string;
  readonly module?: boolean;
  readonly agent?: boolean;
  /** A comma-separated list of `agent`, `customer` and `ivr`. */
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

/** What to write, without the key and the function. */
export type DescribedFlow = Omit<WriteFlowOptions, 'keyId' | 'certificate' | 'functionArn'>;

/**
 * Parses the options that describe a flow.
 *
 * @throws CommandError `invalid_option`
 */
export function parseWrittenOptions(options: WrittenOptions): DescribedFlow {
  const { name, attempts, language, voice, terminator, logAfter = false, clearBuffer = false } = options;
  if (attempts > mostAttempts) throw invalid(`--attempts can be at most ${mostAttempts}, the limit of a Loop block.`);
  const form = formOf(options);
  const recordAfter = recordedOf(options.recordAfter);
  if ((recordAfter.length > 0 || logAfter) && form.kind === 'flow' && form.goesTo === undefined)
    throw invalid('--record-after and --log-after need a call that continues; also pass --then, --module or --agent.');
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
  if (kind === undefined && goOn !== 'disconnect') throw invalid('--then must be disconnect, queue:ID or flow:ID.');
  if ([module, agent, kind !== undefined].filter(Boolean).length > 1)
    throw invalid('Pass only one of --then, --module and --agent; each says how the flow ends.');
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
  throw invalid(`--record-after must be a comma-separated list of ${recordable.join(', ')}.`);
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
  if (text.trim() === '') throw invalid(`${option} is empty; pass the text to say.`);
  if (text.length > longestMessage) throw invalid(`${option} is longer than ${longestMessage} characters.`);
}

/** `code=declined:Your card was declined.` or `status=review:We will call you.` */
function caseOf(text: string): AnswerCase {
  const [, name, value, message] = text.match(/^([\w-]{1,32})=([\w-]{1,30}):(.+)$/s) ?? [];
  if (name === undefined || value === undefined || message === undefined)
    throw invalid(
      '--when must be NAME=VALUE:MESSAGE, such as "code=declined:Your card was declined." The name is "code" or a member of the result.',
    );
  assertSpoken('--when', message);
  return { name, value, message };
}

// Parameters with a meaning for the function, and the name of its result.
const reserved: readonly string[] = ['key-id', 'consumer', 'check-only', 'attempt', 'result'];

const mostFields = 20;

function fieldsOf(texts: readonly string[]): readonly FlowField[] {
  const fields = (texts.length > 0 ? texts : ['my-secret-string']).map(fieldOf);
  const names = fields.map(({ name }) => name);
  if (new Set(names).size < names.length)
    throw invalid('Two --field options have the same name; give each field another name.');
  if (fields.length > mostFields) throw invalid(`A flow can have at most ${mostFields} fields.`);
  return fields;
}

const optionNames = ['kind', 'min', 'max', 'confirm', 'prompt'] as const;
type FieldOptions = Partial<Record<(typeof optionNames)[number], string>>;
const separator = new RegExp(`,(?=(?:${optionNames.join('|')})=)`);

/** `card`, `card:confirm=last4`, or `account:min=8,max=8,prompt=Please enter your account number.` */
function fieldOf(text: string): FlowField {
  const [, name = '', rest = ''] = text.match(/^([A-Za-z0-9_-]{1,32})(?::(.+))?$/s) ?? [];
  if (name === '')
    throw invalid(
      '--field must be a name of at most 32 letters, digits, "-" and "_", optionally with options: account:min=8,max=8,prompt="Please enter your account number."',
    );
  if (reserved.includes(name)) throw invalid(`The name "${name}" is reserved; give the field another name.`);
  const options = fieldOptions(name, rest);
  const kind = kindOf(name, options.kind);
  const lengths = kindLengths[kind];
  const min = lengthOf(name, 'min', options.min, lengths.min);
  const max = lengthOf(name, 'max', options.max, Math.max(lengths.max, min));
  if (min > max) throw invalid(`Field "${name}" has a min that is greater than its max.`);
  if ((kind === 'card' || kind === 'expiry') && (options.min ?? options.max) !== undefined)
    throw invalid(`Field "${name}" has kind ${kind}, whose length is fixed; omit min and max, or pass kind=digits.`);
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
  throw invalid(
    `Field "${name}" has an unknown option; pass ${optionNames.join(', ')} as NAME=VALUE, separated by commas.`,
  );
}

function kindOf(name: string, given: string | undefined): FieldKind {
  const kinds = Object.keys(kindLengths);
  const isKind = (text: string): text is FieldKind => kinds.includes(text);
  if (given === undefined) return isKind(name) ? name : 'digits';
  if (isKind(given)) return given;
  throw invalid(`The kind of field "${name}" must be one of ${kinds.join(', ')}.`);
}

function lengthOf(name: string, option: string, text: string | undefined, usual: number): number {
  if (text === undefined) return usual;
  if (/^[1-9]\d?$/.test(text) && Number(text) <= 50) return Number(text);
  throw invalid(`The ${option} of field "${name}" must be a number from 1 to 50.`);
}

const shortestConfirmed = 8;

function confirmOf(name: string, text: string, min: number): 'last4' {
  if (text !== 'last4') throw invalid(`The confirm of field "${name}" must be last4.`);
  if (min >= shortestConfirmed) return 'last4';
  throw invalid(
    `Field "${name}" can have fewer than ${shortestConfirmed} digits, so its last four would reveal most of it; pass min=${shortestConfirmed}, or omit confirm.`,
  );
}

function languageOf(tag: string): FlowLanguage {
  const isKnown = (text: string): text is FlowLanguage => Object.hasOwn(wordings, text);
  if (isKnown(tag)) return tag;
  throw invalid(`--language must be one of ${Object.keys(wordings).join(', ')}.`);
}

function invalid(message: string): CommandError {
  return new CommandError('invalid_option', message);
}
