import { type CollectionTag, parse as parseYaml, type ScalarTag } from 'yaml';
import { type FlowDocument, FlowKeysError, listMember, member, readFlow } from '../../../src/flow/index.ts';
import { isRecord, parseJson } from '../../../src/internal.ts';
import { CommandError } from '../../output/command-error.ts';

/** A flow in a file that may hold several. */
export interface NamedFlow {
  /** The resource's name in a template; `undefined` if the file is the flow itself. */
  readonly name: string | undefined;
  readonly flow: FlowDocument;
}

/**
 * Reads the flows in a file: a flow in any form that `readFlow` takes, a CloudFormation template (JSON or YAML), or a
 * Terraform configuration or plan in JSON. Values that a template fills in become `${…}`.
 *
 * @throws FlowKeysError `invalid_flow`
 */
export function readFlows(text: string): readonly NamedFlow[] {
  const value = parse(text);
  const contents = [...cloudFormationContents(value), ...terraformContents(value)];
  if (contents.length > 0) {
    return contents.map(({ name, content }) => ({ name, flow: readContent(name, content) }));
  }
  if (member(value, 'Resources') !== undefined || member(value, 'resource') !== undefined)
    throw invalid('the template contains neither a contact flow nor a flow module');
  return [{ name: undefined, flow: readFlow(value) }];
}

/**
 * Reads a file that holds one flow.
 *
 * @throws FlowKeysError `invalid_flow`; CommandError `invalid_option` if the file holds several
 */
export function readOneFlow(text: string): FlowDocument {
  const [first, ...others] = readFlows(text);
  if (first !== undefined && others.length === 0) return first.flow;
  throw new CommandError('invalid_option', 'The file holds several flows; pass the content of one.');
}

function parse(text: string): unknown {
  const json = parseJson(text);
  if (json !== undefined) return json;
  try {
    const value: unknown = parseYaml(text, { customTags: cloudFormationTags, logLevel: 'silent' });
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Neither JSON nor YAML.
  }
  throw invalid('it is neither JSON nor a template in YAML; export it from the flow editor again');
}

interface Content {
  readonly name: string;
  readonly content: unknown;
}

function cloudFormationContents(template: unknown): readonly Content[] {
  return entriesOf(member(template, 'Resources')).flatMap(([name, resource]) => {
    const type = member(resource, 'Type');
    if (type !== 'AWS::Connect::ContactFlow' && type !== 'AWS::Connect::ContactFlowModule') return [];
    return [{ name, content: resolve(member(member(resource, 'Properties'), 'Content')) }];
  });
}

const terraformTypes = ['aws_connect_contact_flow', 'aws_connect_contact_flow_module'];

function terraformContents(value: unknown): readonly Content[] {
  const configured = terraformTypes.flatMap((type) =>
    entriesOf(member(member(value, 'resource'), type)).flatMap(([name, block]) =>
      // Terraform allows a block or a list of blocks.
      [block].flat().map((resource) => ({ name: `${type}.${name}`, content: member(resource, 'content') })),
    ),
  );
  const values = member(value, 'planned_values') ?? member(value, 'values');
  return [...configured, ...plannedContents(member(values, 'root_module'))];
}

/** The flows in the output of `terraform show -json`. */
function plannedContents(module: unknown): readonly Content[] {
  const own = listMember(module, 'resources')
    .filter((resource) => terraformTypes.includes(String(member(resource, 'type'))))
    .map((resource) => ({
      name: String(member(resource, 'address')),
      content: member(member(resource, 'values'), 'content'),
    }));
  return [...own, ...listMember(module, 'child_modules').flatMap(plannedContents)];
}

function readContent(name: string, content: unknown): FlowDocument {
  if (typeof content === 'string' && /^\s*\$\{[\s\S]*\}\s*$/.test(content))
    throw invalid(
      `the content of ${name} is an expression; pass the flow itself, or the output of "terraform show -json"`,
    );
  try {
    return readFlow(typeof content === 'string' ? quoted(content) : content);
  } catch (error) {
    if (!(error instanceof FlowKeysError)) throw error;
    throw new FlowKeysError('invalid_flow', error.message.replace('The flow', `The flow ${name}`));
  }
}

/** `{"InvocationTimeLimitSeconds": ${Limit}}` becomes JSON. */
function quoted(content: string): string {
  return content.replaceAll(/([:[,]\s*)(\$\{[^}"]*\})(?=\s*[,\]}])/g, '$1"$2"');
}

/** The value that CloudFormation would create, with `${…}` for what it fills in. */
function resolve(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(resolve);
  const entries = entriesOf(value);
  const [name, argument] = entries.length === 1 ? (entries[0] ?? []) : [];
  if (name === 'Fn::Sub') return String(Array.isArray(argument) ? argument[0] : argument).replaceAll('${!', '${');
  if (name === 'Fn::Join' && Array.isArray(argument) && Array.isArray(argument[1]))
    return argument[1].map((part: unknown) => String(resolve(part))).join(String(argument[0]));
  if (name === 'Fn::ToJsonString') return resolve(argument);
  if (name === 'Ref') return `\${${String(argument)}}`;
  if (name?.startsWith('Fn::')) return `\${${name.slice(4)}}`;
  if (!isRecord(value)) return value;
  return Object.fromEntries(entries.map(([key, item]) => [key, resolve(item)]));
}

function entriesOf(value: unknown): readonly (readonly [string, unknown])[] {
  return isRecord(value) ? Object.entries(value) : [];
}

const functions = ['Sub', 'GetAtt', 'Join', 'If', 'ImportValue', 'FindInMap', 'Select', 'Split', 'Base64', 'Transform'];

/** `!Sub text` is `{"Fn::Sub": text}`, and `!Ref name` is `{"Ref": name}`. */
const cloudFormationTags = [['Ref', 'Ref'], ...functions.map((name) => [name, `Fn::${name}`])].flatMap(
  ([short = '', long = '']): (ScalarTag | CollectionTag)[] => [
    { tag: `!${short}`, resolve: (text: string) => ({ [long]: text }) },
    { tag: `!${short}`, collection: 'seq', resolve: (list) => ({ [long]: plain(list) }) },
    { tag: `!${short}`, collection: 'map', resolve: (map) => ({ [long]: plain(map) }) },
  ],
);

function plain(node: unknown): unknown {
  return typeof node === 'object' && node !== null && 'toJSON' in node && typeof node.toJSON === 'function'
    ? node.toJSON()
    : node;
}

function invalid(why: string): FlowKeysError {
  return new FlowKeysError('invalid_flow', `The flow cannot be read: ${why}.`);
}
