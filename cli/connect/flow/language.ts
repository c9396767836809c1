import { CommandError } from '../../output/command-error.ts';

/**
 * A flow in Amazon Connect's flow language, as the console exports it and the API describes it.
 *
 * @see https://docs.aws.amazon.com/connect/latest/APIReference/flow-language.html
 */
export interface FlowDocument {
  readonly Version: string;
  readonly StartAction: string;
  readonly Metadata?: Readonly<Record<string, unknown>>;
  readonly Actions: readonly FlowAction[];
}

export interface FlowAction {
  readonly Identifier: string;
  readonly Type: string;
  readonly Parameters: Readonly<Record<string, unknown>>;
  readonly Transitions: Transitions;
}

export interface Transitions {
  readonly NextAction?: string;
  readonly Errors?: readonly { readonly ErrorType: string; readonly NextAction: string }[];
  readonly Conditions?: readonly {
    readonly NextAction: string;
    readonly Condition: { readonly Operator: string; readonly Operands: readonly string[] };
  }[];
}

/**
 * Reads a flow; what this product does not look at may be of any shape.
 *
 * @throws CommandError `invalid_flow`
 */
export function parseFlow(text: string): FlowDocument {
  const parsed = parseJson(text);
  const actions = member(parsed, 'Actions');
  const start = member(parsed, 'StartAction');
  if (!Array.isArray(actions) || typeof start !== 'string') {
    if (member(parsed, 'modules') !== undefined) {
      throw invalid('it is of the former flow language; export it again from the flow editor');
    }
    throw invalid(
      'it has no "StartAction" and "Actions"; export it from the flow editor, or with "aws connect describe-contact-flow"',
    );
  }
  return { ...(parsed as FlowDocument), StartAction: start, Actions: actions.map(parseAction) };
}

/** Where an action may lead to. */
export function nextActions({
  Transitions: { NextAction, Errors = [], Conditions = [] },
}: FlowAction): readonly string[] {
  return [
    ...(NextAction === undefined ? [] : [NextAction]),
    ...[...Errors, ...Conditions].map((branch) => branch.NextAction),
  ];
}

/** A value at a path in an action's parameters, if it is text. */
export function textParameter({ Parameters }: FlowAction, ...path: readonly string[]): string | undefined {
  const value = path.reduce<unknown>(member, Parameters);
  return typeof value === 'string' ? value : undefined;
}

export function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

/** The same value with another text for each text in it. */
export function mapTexts(value: unknown, replace: (text: string) => string): unknown {
  if (typeof value === 'string') return replace(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, replace));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, mapTexts(item, replace)]));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid('it is not JSON; export it from the flow editor again');
  }
}

function parseAction(action: unknown, index: number): FlowAction {
  const identifier = member(action, 'Identifier');
  const type = member(action, 'Type');
  if (typeof identifier !== 'string' || typeof type !== 'string') {
    throw invalid(`action ${index + 1} has no "Identifier" and "Type"; export it from the flow editor again`);
  }
  const transitions = member(action, 'Transitions');
  const branches = (name: string) => {
    const list = member(transitions, name);
    return Array.isArray(list) ? list.filter((branch) => typeof member(branch, 'NextAction') === 'string') : [];
  };
  const next = member(transitions, 'NextAction');
  const parameters = member(action, 'Parameters');
  return {
    Identifier: identifier,
    Type: type,
    Parameters: typeof parameters === 'object' && parameters !== null ? { ...parameters } : {},
    Transitions: {
      ...(typeof next === 'string' && { NextAction: next }),
      Errors: branches('Errors'),
      Conditions: branches('Conditions'),
    },
  };
}

function invalid(why: string): CommandError {
  return new CommandError('invalid_flow', `The flow cannot be read: ${why}.`);
}
