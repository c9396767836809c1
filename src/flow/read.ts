import { isRecord, parseJson } from '../encoding/json.ts';
import { FlowKeysError } from '../errors.ts';
import { readFormerFlow } from './former-language.ts';
import { type FlowAction, type FlowDocument, listMember, member, type Transitions } from './language.ts';

/**
 * Reads a flow: an export of the flow editor (also in the former flow language), the output of `aws connect
 * describe-contact-flow` or `describe-contact-flow-module`, its content as JSON text, or `{ Name, Content }`.
 * Parts that this product does not use are not validated.
 *
 * @param value parsed JSON, or JSON text
 * @throws FlowKeysError `invalid_flow` if it is not a flow
 * @example
 * const flow = readFlow(await readFile('flow.json', 'utf8'));
 */
export function readFlow(value: unknown): FlowDocument {
  const flow = unwrap(value, 0);
  const start = member(flow, 'StartAction');
  const actions = member(flow, 'Actions');
  if (Array.isArray(member(flow, 'modules'))) return readFormerFlow(flow);
  if (!Array.isArray(actions) || typeof start !== 'string') {
    throw invalidFlow(
      'it has no "StartAction" and "Actions"; export it from the flow editor, or with "aws connect describe-contact-flow"',
    );
  }
  const version = member(flow, 'Version');
  const metadata = member(flow, 'Metadata');
  const settings = member(flow, 'Settings');
  return {
    Version: typeof version === 'string' ? version : '2019-10-30',
    StartAction: start,
    ...(isRecord(metadata) && { Metadata: metadata }),
    ...(isRecord(settings) && { Settings: settings }),
    Actions: actions.map(readAction),
  };
}

// The content of a flow is JSON text inside JSON, which may be inside JSON text again.
const deepest = 4;

function unwrap(value: unknown, depth: number): unknown {
  if (depth > deepest) return undefined;
  if (typeof value === 'string') {
    const parsed = parseJson(value.replace(/^\uFEFF/, ''));
    if (parsed === undefined) throw invalidFlow('it is not JSON; export it from the flow editor again');
    return unwrap(parsed, depth + 1);
  }
  const inner = ['ContactFlow', 'ContactFlowModule', 'Content'].map((name) => member(value, name));
  const found = inner.find((candidate) => candidate !== undefined);
  return found === undefined ? value : unwrap(found, depth + 1);
}

function readAction(action: unknown, index: number): FlowAction {
  const identifier = member(action, 'Identifier');
  const type = member(action, 'Type');
  if (typeof identifier !== 'string' || typeof type !== 'string') {
    throw invalidFlow(`action ${index + 1} has no "Identifier" and "Type"; export it from the flow editor again`);
  }
  const transitions = member(action, 'Transitions');
  const branches = (name: string) =>
    listMember(transitions, name).filter((branch) => typeof member(branch, 'NextAction') === 'string');
  const next = member(transitions, 'NextAction');
  const parameters = member(action, 'Parameters');
  return {
    Identifier: identifier,
    Type: type,
    Parameters: isRecord(parameters) ? parameters : {},
    Transitions: {
      ...(typeof next === 'string' && { NextAction: next }),
      Errors: branches('Errors').map((branch) => ({
        NextAction: String(member(branch, 'NextAction')),
        ErrorType: String(member(branch, 'ErrorType')),
      })),
      Conditions: branches('Conditions').map(readCondition),
    },
  };
}

function readCondition(branch: unknown): NonNullable<Transitions['Conditions']>[number] {
  const condition = member(branch, 'Condition');
  return {
    NextAction: String(member(branch, 'NextAction')),
    Condition: {
      Operator: String(member(condition, 'Operator') ?? 'Equals'),
      Operands: listMember(condition, 'Operands').map(String),
    },
  };
}

export function invalidFlow(why: string): FlowKeysError {
  return new FlowKeysError('invalid_flow', `The flow cannot be read: ${why}.`);
}
