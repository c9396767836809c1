import { functionSettings, outcomeAttribute, type WriteFlowOptions, writeFlow } from '../../src/flow/index.ts';
import { assertKeyId } from '../../src/internal.ts';
import { type DescribedFlow, parseWrittenOptions, type WrittenOptions } from '../connect/flow/written.ts';
import { readKeyFile, writeNewFile } from '../files.ts';
import { ageOf, readPublicCertificate } from '../keys/certificate.ts';
import { functionArnOf } from '../lambda-function.ts';
import { CommandError } from '../output/command-error.ts';
import type { Answer, Terminal } from '../output/terminal.ts';
import { type KeyStoreOptions, storeArguments } from '../stores/key-store.ts';
import { openKeyStore } from '../stores/open.ts';

export interface FlowWriteOptions extends WrittenOptions, KeyStoreOptions {
  readonly keyId: string;
  /** A certificate file. Default: the certificate in the key store. */
  readonly certificate?: string;
  /** The Lambda function's name or ARN. */
  readonly function: string;
  /** The file to write. Default: standard output. */
  readonly out?: string;
}

/** Writes a flow or module that asks for inputs, and says which settings the function needs. */
export async function writeContactFlow(options: FlowWriteOptions, terminal: Terminal): Promise<Answer> {
  const { keyId, out } = options;
  assertKeyId(keyId);
  const described = parseWrittenOptions(options);
  const certificate = await certificateFor(options, terminal);
  const functionArn = await functionArnOf(options.function, options);
  const flow = writeFlow({ ...described, keyId, certificate, functionArn });
  const settings = functionSettings(described.fields);
  const text = JSON.stringify(flow, null, 2);
  if (out === undefined) {
    terminal.note(describeWritten(described, settings));
    return { value: flow, quiet: text, text };
  }
  await writeNewFile(out, `${text}\n`, 0o644);
  return {
    quiet: out,
    value: { file: out, fields: described.fields.map(({ name }) => name), settings },
    text: [
      `${out}: ${flow.Actions.length} blocks`,
      describeWritten(described, settings),
      `Next: flow-keys flow publish ${out} --instance <id or ARN>`,
    ].join('\n'),
  };
}

async function certificateFor(options: FlowWriteOptions, terminal: Terminal): Promise<string> {
  const { certificate: path, keyId } = options;
  const pem =
    path === undefined
      ? await (await openKeyStore(options)).certificate(keyId)
      : await readKeyFile(path, 'the certificate');
  if (pem === undefined) {
    const message = `The store has no certificate for key id ${keyId}; pass --certificate, or list the keys with "flow-keys keys list${storeArguments(options)}".`;
    throw new CommandError('invalid_option', message);
  }
  const certificate = readPublicCertificate(pem, 'The certificate', terminal);
  const age = ageOf(certificate);
  if (age === 'expired' || age === 'not yet valid') {
    const message = `The certificate is ${age}, so Connect cannot encrypt with it; rotate the key with "flow-keys rotate".`;
    throw new CommandError('invalid_certificate', message);
  }
  if (age === 'expiring')
    terminal.note('The certificate expires within 30 days; rotate the key with "flow-keys rotate".');
  return certificate.toString();
}

/** Says what caller and agent hear, and which settings the function needs. */
export function describeWritten(described: DescribedFlow, settings: Readonly<Record<string, string>>): string {
  const set = Object.entries(settings).map(([name, value]) => `  ${name}=${/\s/.test(value) ? `"${value}"` : value}`);
  return [...heard(described), 'Settings of the function:', ...set].join('\n');
}

const alone = 'The caller hears the prompts; no agent is on the line.';

function heard({ form, recordAfter = [] }: Pick<WriteFlowOptions, 'form' | 'recordAfter'>): readonly string[] {
  const outcome = `Contact attribute "${outcomeAttribute}" holds the outcome: success, failed, unknown, no_input, or the value of a --when.`;
  if (form?.kind === 'agent')
    return [
      'For a quick connect. The agent who uses it is on hold and hears music while the caller hears the prompts. Then both are in conference.',
      'This flow does not record the keys, but the recording of the agent’s own call continues. Suspend it with SuspendContactRecording before the agent uses the quick connect; AWS requires that for card numbers.',
      outcome,
    ];
  if (form?.kind !== 'module' && form?.goesTo === undefined) return [`${alone} Then the call ends.`];
  const next =
    form.kind === 'module'
      ? 'Then the flow that invoked the module continues.'
      : 'Then the call continues, whatever the outcome.';
  const recorded =
    recordAfter.length > 0
      ? `Afterwards, recording is on again: ${recordAfter.join(', ')}.`
      : 'Recording stays off afterwards unless the next flow turns it on (or pass --record-after).';
  return [`${alone} ${next}`, recorded, outcome];
}
