import { type FlowDocument, mapTexts, member, readFlow, textParameter, textsIn } from '../../../src/flow/index.ts';
import { CommandError } from '../../output/command-error.ts';
import { printable } from '../../output/terminal.ts';
import type { ConnectInstance, Named } from '../instance.ts';
import { paceOf } from '../pace.ts';

/** The key of the instance that the flow moves to. */
export interface KeyOfInstance {
  readonly keyId: string;
  /** As PEM text. */
  readonly certificate: string;
}

/**
 * Moves a flow to another instance: replaces its key and certificate, and its functions, queues, prompts, flows and modules
 * with those of the same name there.
 *
 * @throws CommandError `conflict` if the other instance has none of the same name
 */
export async function moveFlow(
  flow: FlowDocument,
  from: ConnectInstance,
  to: ConnectInstance,
  key: KeyOfInstance,
): Promise<FlowDocument> {
  const replaced = new Map<string, string>();
  for (const action of flow.Actions) {
    const keyId = textParameter(action, 'InputEncryption', 'EncryptionKeyId');
    const certificate = textParameter(action, 'InputEncryption', 'Key');
    if (keyId !== undefined) replaced.set(keyId, key.keyId);
    if (certificate !== undefined) replaced.set(certificate, key.certificate);
  }
  const texts = new Set(textsIn(flow.Actions));
  for (const [kind, list] of counterparts) {
    const [here, there] = await Promise.all([list(from), list(to)]);
    for (const resource of here) {
      const { id, arn, name } = resource;
      for (const reference of [id, arn].filter((text) => text !== '' && texts.has(text))) {
        const found = there.find((other) => other.name === name && isModule(other) === isModule(resource));
        if (found === undefined) throw absent(isModule(resource) ? 'module' : kind, name, to);
        replaced.set(reference, reference === id ? found.id : found.arn);
      }
    }
  }
  return readFlow(mapTexts(flow, (text) => replaced.get(text) ?? text));
}

/** A flow and a module can have the same name. */
function isModule(resource: Named): boolean {
  return member(resource, 'type') === 'MODULE';
}

const pace = paceOf(2);

/** The resources that flows refer to. */
const counterparts: readonly (readonly [
  kind: string,
  list: (instance: ConnectInstance) => Promise<readonly Named[]>,
])[] = [
  ['function', functions],
  ['queue', (instance) => instance.queues()],
  ['prompt', (instance) => instance.prompts()],
  ['flow', (instance) => instance.flows(pace)],
];

async function functions(instance: ConnectInstance): Promise<readonly Named[]> {
  const arns = await instance.lambdaFunctions();
  return arns.map((arn) => ({ id: '', arn, name: arn.split(':').slice(6).join(':') }));
}

function absent(kind: string, name: string, { id }: ConnectInstance): CommandError {
  const message = `Instance ${id} has no ${kind} "${printable(name)}", which the flow uses; create it there${kind === 'function' ? ' and associate it with the instance' : ''}.`;
  return new CommandError('conflict', message);
}
