import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type ConsumerStore, FlowKeysError } from '../../src/index.ts';
import { type AwsOptions, callAws, clientConfiguration } from '../aws.ts';
import { codeOf, replaceFile } from '../files.ts';
import { CommandError } from '../output/command-error.ts';

/** A store of consumers as its keeper sees it: it can be listed and written to. */
export interface ConsumerRegistry extends ConsumerStore {
  /** As people call it: `SSM parameters under /amazon-connect/encryption/consumers`. */
  readonly name: string;
  /** The documents of all consumers, by name and in its order; the error of one that the store does not give. */
  all(): Promise<ReadonlyMap<string, string | FlowKeysError>>;
  /** Adds a consumer, or puts its document in place of the former. */
  put(name: string, document: string): Promise<void>;
  /** Removes it, if it is there. */
  remove(name: string): Promise<void>;
}

export interface RegistryOptions extends AwsOptions {
  /** `ssm`, or `directory:PATH`. */
  readonly store: string;
  /** What stands before `consumers` in a parameter's name. */
  readonly prefix?: string;
}

/** @throws CommandError `invalid_option` for a store that there is none of */
export async function openRegistry(options: RegistryOptions): Promise<ConsumerRegistry> {
  if (options.store === 'ssm') return ssmRegistry(options);
  const [, directory] = options.store.match(/^directory:(.+)$/) ?? [];
  if (directory !== undefined) return directoryRegistry(directory);
  throw new CommandError('invalid_option', '--store is ssm or directory:PATH: consumers are kept nowhere else.');
}

async function ssmRegistry(options: RegistryOptions): Promise<ConsumerRegistry> {
  const [ssm, { ssmConsumerStore }] = await Promise.all([
    import('@aws-sdk/client-ssm'),
    import('../../adapters/stores/ssm-consumers.ts'),
  ]);
  const { prefix = '/amazon-connect/encryption' } = options;
  const client = new ssm.SSMClient(clientConfiguration(options));
  const path = `${prefix}/consumers/`;
  return {
    ...ssmConsumerStore({ client, prefix }),
    name: `SSM parameters under ${prefix}/consumers`,

    all() {
      // Ten at a time, as the quotas of single readings are low.
      return callAws('read the consumers', 'ssm:GetParametersByPath', async () => {
        const found: [string, string][] = [];
        for await (const page of ssm.paginateGetParametersByPath({ client }, { Path: path, WithDecryption: true })) {
          for (const { Name: name = '', Value: value = '' } of page.Parameters ?? []) {
            found.push([name.slice(path.length), value]);
          }
        }
        return inOrder(found);
      });
    },

    async put(name, document) {
      const parameter = { Name: path + name, Value: document, Type: 'String', Overwrite: true } as const;
      await callAws(`store parameter ${path}${name}`, 'ssm:PutParameter', () =>
        client.send(new ssm.PutParameterCommand(parameter)),
      );
    },

    async remove(name) {
      await callAws(`remove parameter ${path}${name}`, 'ssm:DeleteParameters', () =>
        client.send(new ssm.DeleteParametersCommand({ Names: [path + name] })),
      );
    },
  };
}

async function directoryRegistry(directory: string): Promise<ConsumerRegistry> {
  const { directoryConsumerStore } = await import('../../adapters/stores/directory-consumers.ts');
  const folder = join(directory, 'consumers');
  const pathOf = (name: string) => join(folder, `${name}.json`);

  async function names(): Promise<readonly string[]> {
    try {
      const files = await readdir(folder);
      return files.flatMap((file) => (file.endsWith('.json') ? [file.slice(0, -'.json'.length)] : []));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw new CommandError(
        'unreadable_file',
        `The directory ${folder} cannot be listed; check that it is one.`,
        error,
      );
    }
  }

  // A directory that is not there yet holds nobody.
  const consumer: ConsumerStore['consumer'] = async (name, request) =>
    (await names()).includes(name) ? directoryConsumerStore({ directory }).consumer(name, request) : undefined;

  return {
    name: `directory ${folder}`,
    consumer,
    async all() {
      const found: [string, string | FlowKeysError][] = [];
      for (const name of await names()) found.push([name, await textOrError(() => consumer(name, {}))]);
      return inOrder(found);
    },
    put: (name, document) => replaceFile(pathOf(name), document, 0o644),
    remove: (name) => rm(pathOf(name), { force: true }),
  };
}

async function textOrError(read: () => Promise<string | undefined>): Promise<string | FlowKeysError> {
  try {
    return (await read()) ?? '';
  } catch (error) {
    if (error instanceof FlowKeysError) return error;
    throw error;
  }
}

function inOrder<Document>(found: readonly [string, Document][]): ReadonlyMap<string, Document> {
  return new Map(found.toSorted(([left], [right]) => (left < right ? -1 : 1)));
}
