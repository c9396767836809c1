import { type AwsOptions, callAws, clientConfiguration, collect } from '../aws.ts';
import { CommandError } from '../output/command-error.ts';
import type { Terminal } from '../output/terminal.ts';

/** An Amazon Connect instance of the account and region. */
export interface ListedInstance {
  readonly id: string;
  readonly arn: string;
  /** The name in its URL; empty if it has none. */
  readonly alias: string;
  /** As `ACTIVE`. */
  readonly status: string;
}

/** @throws CommandError `aws_refused`, `aws_unavailable` */
export async function listInstances(options: AwsOptions): Promise<readonly ListedInstance[]> {
  const { ConnectClient, paginateListInstances } = await import('@aws-sdk/client-connect');
  const client = new ConnectClient(clientConfiguration(options));
  return callAws('list the Connect instances', 'connect:ListInstances', async () => {
    const summaries = await collect(paginateListInstances({ client }, {}), (page) => page.InstanceSummaryList);
    return summaries.map(({ Id: id = '', Arn: arn = '', InstanceAlias: alias = '', InstanceStatus: status = '' }) => {
      return { id, arn, alias, status };
    });
  });
}

const isId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const isAlias = /^[a-z\d][a-z\d-]{0,61}$/i;

/**
 * Finds the id or ARN of an instance.
 *
 * @param given an id, an ARN or an alias; `undefined` asks at the terminal
 * @throws CommandError `invalid_option` if the instance cannot be determined; `aws_refused`, `aws_unavailable`
 */
export async function resolveInstance(
  given: string | undefined,
  options: AwsOptions,
  terminal: Terminal,
): Promise<string> {
  if (given === undefined) return chooseInstance(options, terminal);
  if (given.startsWith('arn:') || isId.test(given)) return given;
  if (!isAlias.test(given))
    throw new CommandError(
      'invalid_option',
      `--instance must be an instance id (a UUID), its ARN or its alias. ${hint}`,
    );
  const instances = await listInstances(options);
  const found = instances.find(({ alias }) => alias.toLowerCase() === given.toLowerCase());
  if (found !== undefined) return found.arn || found.id;
  const there = instances.map(({ alias, id }) => alias || id).join(', ');
  const message = `There is no instance with the alias ${given} in this account and region; ${there === '' ? 'there are no instances at all: check --region and --profile' : `the instances are ${there}`}.`;
  throw new CommandError('invalid_option', message);
}

const hint = '"flow-keys instances" lists them.';

async function chooseInstance(options: AwsOptions, terminal: Terminal): Promise<string> {
  const missing = new CommandError('invalid_option', `Pass --instance, or set FLOW_KEYS_INSTANCE. ${hint}`);
  if (!terminal.isInteractive) throw missing;
  const instances = await terminal.during('Listing the instances', listInstances(options));
  if (instances.length === 0) throw missing;
  for (const [index, { alias, id }] of instances.entries()) terminal.note(`  ${index + 1}. ${alias || '-'}  ${id}`);
  const answer = await terminal.ask(`Which instance (1 to ${instances.length})?`);
  const chosen = instances[Number(answer) - 1];
  if (chosen === undefined) throw missing;
  return chosen.arn || chosen.id;
}
