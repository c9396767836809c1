import { isDeepStrictEqual } from 'node:util';
import { checkFlow, compareSettings, type FlowDocument, readFlow } from '../../../src/flow/index.ts';
import { type AwsOptions, isUnreadable } from '../../aws.ts';
import { writeNewFile } from '../../files.ts';
import { readFunction } from '../../lambda-function.ts';
import { CommandError } from '../../output/command-error.ts';
import { printable, type Terminal } from '../../output/terminal.ts';
import type { ConnectInstance, ListedFlow } from '../instance.ts';
import { paceOf } from '../pace.ts';
import { countsOf, describeFlow } from './report.ts';
import { uploadedKeys } from './uploaded-keys.ts';

// The rate that AWS allows.
const callsPerSecond = 2;

/** A flow to publish. */
export interface Publication {
  /** Its name in the instance. */
  readonly name: string;
  /** A flow type, such as `CONTACT_FLOW`, or `MODULE`. */
  readonly type: string;
  readonly flow: FlowDocument;
}

export interface Published {
  readonly id: string;
  readonly what: 'created' | 'updated' | 'unchanged';
  /** The file with the previous content. */
  readonly former?: string;
}

/** The type that Connect must create the flow as. */
export function typeOf({ Actions }: FlowDocument): string {
  if (Actions.some(({ Type }) => Type === 'EndFlowModuleExecution')) return 'MODULE';
  return Actions.some(({ Type }) => Type === 'UpdatePreviousContactParticipantState')
    ? 'QUEUE_TRANSFER'
    : 'CONTACT_FLOW';
}

/**
 * Checks a flow and the settings of its functions before it is published.
 *
 * @throws CommandError `conflict` if the check finds an error, or a setting does not fit
 */
export async function assertPublishable(
  { flow, name }: Publication,
  instance: ConnectInstance,
  options: AwsOptions,
  terminal: Terminal,
): Promise<void> {
  const report = checkFlow(flow, { uploaded: await uploadedKeys(instance) });
  const text = describeFlow({ ...report, name: undefined, accepted: [], settings: [] });
  if (report.findings.some(({ severity }) => severity === 'error'))
    throw new CommandError('conflict', `${text}\n${countsOf(report.findings)}. Nothing was published.`);
  if (text !== '') terminal.note(text);
  const faults: string[] = [];
  for (const functionArn of functionsOf(flow)) {
    const configuration = await readFunction(functionArn, options).catch((error: unknown) => {
      // Credentials that may publish may not be allowed to read the function's settings.
      if (!isUnreadable(error)) throw error;
      terminal.note(`The settings of ${functionArn} cannot be read, so they are not compared with the flow.`);
      return undefined;
    });
    if (configuration === undefined) continue;
    const found = compareSettings(flow, configuration.environment, (arn) => arn === functionArn);
    faults.push(...found.map(({ setting, message, fix }) => `${setting} of ${configuration.name} ${message}. ${fix}.`));
  }
  if (faults.length > 0)
    throw new CommandError('conflict', `${faults.join('\n')}\nFlow "${printable(name)}" was not published.`);
}

/** The ARNs of the functions that a flow invokes, as far as no template or call fills them in. */
export function functionsOf({ Actions }: FlowDocument): readonly string[] {
  const arns = Actions.filter(({ Type }) => Type === 'InvokeLambdaFunction').map(({ Parameters }) =>
    String(Parameters['LambdaFunctionARN']),
  );
  return [...new Set(arns)].filter((arn) => arn.startsWith('arn:') && !arn.includes('${'));
}

/** Finds the flow or module with this name in the instance. */
export async function findFlow(
  { name, type }: Pick<Publication, 'name' | 'type'>,
  instance: ConnectInstance,
): Promise<ListedFlow | undefined> {
  const flows = await instance.flows(paceOf(callsPerSecond));
  return flows.find((flow) => flow.name === name && (flow.type === 'MODULE') === (type === 'MODULE'));
}

/**
 * Creates the flow, or updates the one with its name. The previous content is kept in a file. If somebody changes the flow
 * meanwhile, nothing is published.
 *
 * @throws CommandError `confirmation_needed`, `conflict`; FlowKeysError `invalid_flow`
 */
export async function publish(
  publication: Publication,
  instance: ConnectInstance,
  terminal: Terminal,
): Promise<Published> {
  const { name, type, flow } = publication;
  const content = JSON.stringify(flow);
  const existing = await findFlow(publication, instance);
  const what = `${type === 'MODULE' ? 'module' : 'flow'} "${printable(name)}"`;
  if (existing === undefined) {
    await terminal.confirm(`Create and publish ${what} in instance ${instance.id}, ${flow.Actions.length} blocks?`);
    const id = await terminal.during('Creating the flow', instance.createFlow({ name, type }, content));
    return { id, what: 'created' };
  }
  if (existing.type !== type) {
    const message = `Instance ${instance.id} has a flow "${printable(name)}" of type ${existing.type}, but this flow has type ${type}; pass another --name.`;
    throw new CommandError('conflict', message);
  }
  const { id } = existing;
  const former = await contentOf(existing, instance);
  if (isSame(former, content)) return { id, what: 'unchanged' };
  const count = former === undefined ? 'only a draft' : `${readFlow(former).Actions.length} blocks`;
  await terminal.confirm(`Replace ${what} in instance ${instance.id} (now ${count}, then ${flow.Actions.length})?`);
  const file = former === undefined ? undefined : `${id}-${new Date().toISOString().replaceAll(':', '')}.json`;
  if (file !== undefined && former !== undefined) await writeNewFile(file, former, 0o644);
  if ((await contentOf(existing, instance)) !== former) {
    const message = `Somebody else just changed ${what}, so nothing was published. Look at it in the flow editor, then run the same command again.`;
    throw new CommandError('conflict', message);
  }
  await terminal.during('Publishing the flow', instance.updateFlow(existing, content));
  return { id, what: 'updated', ...(file !== undefined && { former: file }) };
}

/** The published content; `undefined` if there is only a draft. */
async function contentOf(flow: ListedFlow, instance: ConnectInstance): Promise<string | undefined> {
  try {
    return (await instance.flow(flow.id)).content;
  } catch (error) {
    if (error instanceof CommandError && /NotPublished/.test(error.cause?.name ?? '')) return undefined;
    throw error;
  }
}

function isSame(former: string | undefined, content: string): boolean {
  return former !== undefined && isDeepStrictEqual(readFlow(former), readFlow(content));
}
