import { type FlowDocument, member } from '../../src/flow/index.ts';
import { type KeyOfInstance, moveFlow } from '../connect/flow/elsewhere.ts';
import { readOneFlow } from '../connect/flow/files.ts';
import { assertPublishable, publish, typeOf } from '../connect/flow/publish.ts';
import { type ConnectInstance, connectInstance } from '../connect/instance.ts';
import { readText } from '../files.ts';
import { CommandError } from '../output/command-error.ts';
import { type Answer, printable, type Terminal } from '../output/terminal.ts';
import type { KeyStoreOptions } from '../stores/key-store.ts';
import { openKeyStore } from '../stores/open.ts';

export interface FlowPublishOptions extends KeyStoreOptions {
  readonly instance: string;
  /** Default: the name in the file. */
  readonly name?: string;
  /** The instance that the file was exported from, if it is not `instance`. */
  readonly from?: string;
  /** With `from`: the key for the flow. Default: the only key that has a certificate in the store. */
  readonly keyId?: string;
}

/** Creates or updates a flow or module in an instance. */
export async function publishFlow(path: string, options: FlowPublishOptions, terminal: Terminal): Promise<Answer> {
  const read = readOneFlow(await readText(path, 'the flow'));
  if (read.Version === 'former')
    throw new CommandError(
      'invalid_option',
      'The file is in the former flow language, which Connect no longer accepts; export the flow again.',
    );
  const instance = await connectInstance(options.instance, options);
  const flow = options.from === undefined ? read : await flowFrom(options.from);
  const named = options.name ?? member(flow.Metadata, 'name');
  if (typeof named !== 'string' || named.trim() === '')
    throw new CommandError('invalid_option', 'The file contains no name for the flow; pass --name.');
  const publication = { name: named, type: typeOf(flow), flow };
  await terminal.during('Checking the flow', assertPublishable(publication, instance, options, terminal));
  const published = await publish(publication, instance, terminal);
  const { id, what, former } = published;
  const kept = former === undefined ? '' : ` The previous content is in ${former}.`;
  return {
    value: { ...published, name: named, type: publication.type, instance: instance.id },
    quiet: id,
    text: `${printable(named)}: ${what} in instance ${instance.id}, id ${id}.${kept}`,
  };

  async function flowFrom(from: string): Promise<FlowDocument> {
    // An ARN names the region of the other instance.
    const { region: _, ...elsewhere } = options;
    const source = await connectInstance(from, from.startsWith('arn:') ? elsewhere : options);
    const key = await keyOf(instance, options);
    return terminal.during('Finding what the flow uses', moveFlow(read, source, instance, key));
  }
}

/** Finds the instance's key whose certificate is in the store. */
async function keyOf(instance: ConnectInstance, options: FlowPublishOptions): Promise<KeyOfInstance> {
  const vault = await openKeyStore(options);
  const ids = (await instance.securityKeys()).map(({ keyId }) => keyId);
  const asked = options.keyId === undefined ? ids : ids.filter((id) => id === options.keyId);
  const keys: KeyOfInstance[] = [];
  for (const keyId of asked) {
    const certificate = await vault.certificate(keyId);
    if (certificate !== undefined) keys.push({ keyId, certificate });
  }
  const [key, other] = keys;
  if (key !== undefined && other === undefined) return key;
  const message =
    key === undefined
      ? `${vault.name} has no certificate for a key of instance ${instance.id}; check --key-id, --store, --region and --prefix.`
      : `${vault.name} has certificates for several keys of instance ${instance.id}; pass one with --key-id.`;
  throw new CommandError('invalid_option', message);
}
