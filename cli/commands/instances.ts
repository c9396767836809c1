import type { AwsOptions } from '../aws.ts';
import { listInstances } from '../connect/instances.ts';
import { type Answer, type Terminal, table } from '../output/terminal.ts';

/** Lists the Amazon Connect instances of the account and region, with what `--instance` accepts. */
export async function showInstances(options: AwsOptions, terminal: Terminal): Promise<Answer> {
  const instances = await terminal.during('Listing the instances', listInstances(options));
  const rows = instances.map(({ alias, id, status }) => [alias || '-', id, status]);
  return {
    value: { instances },
    text:
      instances.length === 0
        ? 'There are no instances in this account and region; check --region and --profile.'
        : table([['ALIAS', 'ID', 'STATUS'], ...rows]),
    quiet: instances.map(({ id }) => id).join('\n'),
  };
}
