import { type FlowDocument, member } from '../../src/flow/index.ts';
import { forInstance, type KeyOfInstance } from '../connect/flow/elsewhere.ts';
import { readFlows } from '../connect/flow/files.ts';
import { assertPublishable, publish, typeOf } from '../connect/flow/publish.ts';
import { type ConnectInstance, connectInstance } from '../connect/instance.ts';
import { readText } from '../files.ts';
import { CommandError } from '../output/command-error.ts';
import { type Answer, printable, type Terminal } from '../output/terminal.ts';
import type { KeyStoreOptions } from '../stores/key-store.ts';
import { openKeyStore } from '../stores/open.ts';

export interface FlowPublishOptions extends KeyStoreOptions {
  readonly instance: string;
  /** Default: the name that the file carries. */
  readonly name?: string;
  /** The instance that the file is of, where it is to be published in another one. */
  readonly from?: string;
  /** The key of the instance that the flow is to name, with `from`. Default: the only one that has a certificate. */
  readonly keyId?: string;
}

/** Creates or updates a flow or a module of an instance. */
export async function publishFlow(path: string, options: FlowPublishOptions, terminal: Terminal): Promise<Answer> {
  const [read, ...others] = readFlows(await readText(path, 'the flow'));
  if (read === undefined || others.length > 0)
    throw new CommandError('invalid_option', 'The file holds several flows; pass one that holds one.');
  if (read.flow.Version === 'former')
    throw new CommandError('invalid_option', 'The file is of the former flow language, which Connect no longer takes.');
  const instance = await connectInstance(options.instance, options);
  const flow = options.from === undefined ? read.flow : await moved(options.from, read.flow);
  const named = options.name ?? member(flow.Metadata, 'name');
  if (typeof named !== 'string' || named.trim() === '')
    throw new CommandError('invalid_option', 'The file carries no name; pass --name with the name of the flow.');
  const publication = { name: named, type: typeOf(flow), flow };
  await terminal.during('Checking the flow', assertPublishable(publication, instance, options, terminal));
  const published = await publish(publication, instance, terminal);
  const { id, what, former } = published;
  const kept = former === undefined ? '' : ` The former content is in ${former}.`;
  return {
    value: { ...published, name: named, type: publication.type, instance: instance.id },
    quiet: id,
    text: `${printable(named)}: ${what} in instance ${instance.id}, id ${id}.${kept}`,
  };

  async function moved(from: string, document: FlowDocument): Promise<FlowDocument> {
    // The other instance's region is in its ARN.
    const { region: _, ...elsewhere } = options;
    const source = await connectInstance(from, from.startsWith('arn:') ? elsewhere : options);
    const key = await keyOf(instance, options);
    return terminal.during('Finding what the flow uses', forInstance(document, source, instance, key));
  }
}

/** The key of an instance whose certificate is in the store. */
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
      ? `${vault.name} holds the certificate of no key of instance ${instance.id}; pass --key-id, --store, --region or --prefix.`
      : `Instance ${instance.id} has several keys whose certificates are in ${vault.name}; pass one with --key-id.`;
  throw new CommandError('invalid_option', message);
}
