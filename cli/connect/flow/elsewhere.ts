import { type FlowDocument, mapTexts, readFlow, textParameter } from '../../../src/flow/index.ts';
import { CommandError } from '../../output/command-error.ts';
import { printable } from '../../output/terminal.ts';
import type { ConnectInstance, Named } from '../instance.ts';
import { paceOf } from '../pace.ts';

/** The key with which another instance encrypts. */
export interface KeyOfInstance {
  readonly keyId: string;
  /** PEM text. */
  readonly certificate: string;
}

/**
 * A flow of one instance for another: its key and certificate are those of the other, and functions, queues, prompts,
 * flows and modules are the ones there of the same name.
 *
 * @throws CommandError `conflict` for what has no counterpart
 */
export async function forInstance(
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
  const texts = new Set<string>();
  mapTexts(flow.Actions, (text) => {
    texts.add(text);
    return text;
  });
  for (const [kind, list] of counterparts) {
    const [here, there] = await Promise.all([list(from), list(to)]);
    for (const { id, arn, name } of here) {
      for (const reference of [id, arn].filter((text) => text !== '' && texts.has(text))) {
        const found = there.find((other) => other.name === name);
        if (found === undefined) throw absent(kind, name, to);
        replaced.set(reference, reference === id ? found.id : found.arn);
      }
    }
  }
  return readFlow(mapTexts(flow, (text) => replaced.get(text) ?? text));
}

const pace = paceOf(2);

/** What flows refer to, in the order in which it is looked up. */
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
  const message = `Instance ${id} has no ${kind} "${printable(name)}", which the flow uses; create it there${kind === 'function' ? ', and tie it to the instance' : ''}.`;
  return new CommandError('conflict', message);
}
