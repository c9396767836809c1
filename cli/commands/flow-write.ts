import { functionSettings, outcomeAttribute, type WriteFlowOptions, writeFlow } from '../../src/flow/index.ts';
import { assertKeyId } from '../../src/internal.ts';
import { type DescribedFlow, describedFlow, type WrittenOptions } from '../connect/flow/written.ts';
import { readKeyFile, writeNewFile } from '../files.ts';
import { ageOf, readPublicCertificate } from '../keys/certificate.ts';
import { functionArnOf } from '../lambda-function.ts';
import { CommandError } from '../output/command-error.ts';
import type { Answer, Terminal } from '../output/terminal.ts';
import { type KeyStoreOptions, storeArguments } from '../stores/key-store.ts';
import { openKeyStore } from '../stores/open.ts';

export interface FlowWriteOptions extends WrittenOptions, KeyStoreOptions {
  readonly keyId: string;
  /** A file. Default: the certificate that is stored beside the key. */
  readonly certificate?: string;
  /** The Lambda function's name or ARN. */
  readonly function: string;
  /** Default: standard output. */
  readonly out?: string;
}

/** Writes a flow or a module that asks for inputs, and says which settings the function needs for it. */
export async function writeContactFlow(options: FlowWriteOptions, terminal: Terminal): Promise<Answer> {
  const { keyId, out } = options;
  assertKeyId(keyId);
  const described = describedFlow(options);
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
    const message = `There is no certificate of key id ${keyId} in the store; pass --certificate, or see "flow-keys keys list${storeArguments(options)}".`;
    throw new CommandError('invalid_option', message);
  }
  const certificate = readPublicCertificate(pem, 'The certificate', terminal);
  const age = ageOf(certificate);
  if (age === 'expired' || age === 'not yet valid') {
    const message = `The certificate is ${age}, and Connect would not encrypt with it; make a new one with "flow-keys rotate".`;
    throw new CommandError('invalid_certificate', message);
  }
  if (age === 'expiring') terminal.note('The certificate ends within 30 days: plan "flow-keys rotate".');
  return certificate.toString();
}

/** What caller and agent hear, and what the function must be set to. */
export function describeWritten(described: DescribedFlow, settings: Readonly<Record<string, string>>): string {
  const set = Object.entries(settings).map(([name, value]) => `  ${name}=${/\s/.test(value) ? `"${value}"` : value}`);
  return [...heard(described), 'Settings of the function:', ...set].join('\n');
}

function heard({ form, recordAfter = [] }: Pick<WriteFlowOptions, 'form' | 'recordAfter'>): readonly string[] {
  const recorded =
    recordAfter.length > 0
      ? `After it, ${recordAfter.join(', ')} are recorded again.`
      : 'Nothing is recorded afterwards, unless the next flow records (--record-after).';
  const outcome = `Contact attribute "${outcomeAttribute}" says what became of the inputs: success, failed, unknown, no_input, or the value of a --when.`;
  switch (form?.kind) {
    case 'agent':
      return [
        'For a quick connect: the agent who dials it is on hold and hears hold music, while the caller hears the prompts. Then both are in conference.',
        'The keys are not in a recording of this flow. The recording of the agent’s own call goes on: suspend it with SuspendContactRecording before the agent dials, which AWS requires for card numbers.',
        outcome,
      ];
    case 'module':
      return [
        'The caller hears the prompts; no agent is on the line. Then the flow that invoked it goes on.',
        recorded,
        outcome,
      ];
    default:
      return form?.goesTo === undefined
        ? ['The caller hears the prompts; no agent is on the line. Then the call ends.']
        : [
            'The caller hears the prompts; no agent is on the line. Then the call goes on, whatever became of the inputs.',
            recorded,
            outcome,
          ];
  }
}
