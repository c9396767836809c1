import { assertKeyId } from '../../src/internal.ts';
import { type FlowField, writeFlow } from '../connect/flow/writer.ts';
import { readText, writeNewFile } from '../files.ts';
import { ageOf, readPublicCertificate } from '../keys/certificate.ts';
import { CommandError } from '../output/command-error.ts';
import type { Answer, Terminal } from '../output/terminal.ts';

export interface FlowWriteOptions {
  readonly keyId?: string;
  /** A file. */
  readonly certificate?: string;
  /** The ARN of the Lambda function. */
  readonly function?: string;
  /** Names, or names with their prompts. Default: `my-secret-string` alone. */
  readonly field: readonly string[];
  readonly maxDigits: number;
  readonly successMessage: string;
  readonly failureMessage: string;
  readonly silenceMessage: string;
  /** Default: standard output. */
  readonly out?: string;
}

// Of the function's own.
const reserved: readonly string[] = ['key-id', 'consumer'];

const functionArn = /^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9_-]+)?$/;

/** Writes a contact flow that can be imported into Connect. */
export async function writeContactFlow(options: FlowWriteOptions, terminal: Terminal): Promise<Answer> {
  const { keyId, certificate: path, function: arn } = options;
  if (keyId === undefined || path === undefined || arn === undefined) {
    throw new CommandError(
      'invalid_option',
      'Pass --key-id, --certificate and --function: the flow carries all three.',
    );
  }
  assertKeyId(keyId);
  if (!functionArn.test(arn)) {
    const message = '--function must be the ARN of a Lambda function, arn:aws:lambda:REGION:ACCOUNT:function:NAME.';
    throw new CommandError('invalid_option', message);
  }
  const certificate = readPublicCertificate(await readText(path, 'the certificate'), 'The certificate', terminal);
  const age = ageOf(certificate);
  if (age === 'expired' || age === 'not yet valid') {
    const message = `The certificate is ${age}, and Connect would not encrypt with it; make a new one with "flow-keys rotate".`;
    throw new CommandError('invalid_certificate', message);
  }
  if (age === 'expiring') terminal.note('The certificate ends within 30 days: plan "flow-keys rotate".');
  if ([options.successMessage, options.failureMessage, options.silenceMessage].some((text) => text.trim() === '')) {
    throw new CommandError('invalid_option', 'A message is empty; Connect has nothing to say then.');
  }
  const asked = options.field.length > 0 ? options.field : ['my-secret-string'];
  const fields = asked.map((text) => fieldOf(text, options.maxDigits));
  const names = fields.map(({ name }) => name);
  if (new Set(names).size < names.length)
    throw new CommandError('invalid_option', 'Each --field must have a name of its own.');
  const flow = writeFlow({ ...options, keyId, certificate: certificate.toString(), functionArn: arn, fields });
  const text = JSON.stringify(flow, null, 2);
  if (options.out === undefined) return { value: flow, text };
  await writeNewFile(options.out, `${text}\n`, 0o644);
  return {
    value: { file: options.out, fields: names },
    text: `${options.out}: import it in the flow editor (Save, Import), and publish it.`,
  };
}

/** `card`, or `card=Please type your card number.` */
function fieldOf(text: string, maxDigits: number): FlowField {
  const [, name = '', prompt] = text.match(/^([A-Za-z0-9_-]{1,64})(?:=(.+))?$/s) ?? [];
  if (reserved.includes(name)) {
    throw new CommandError(
      'invalid_option',
      `The function reads parameter "${name}" itself; give the field another name.`,
    );
  }
  if (name === '') {
    const message =
      '--field must be a name of letters, digits, "-" and "_", alone or with its prompt: card="Please type your card number."';
    throw new CommandError('invalid_option', message);
  }
  return { name, maxDigits, prompt: prompt ?? defaultPrompt(name) };
}

function defaultPrompt(name: string): string {
  const spoken = name === 'my-secret-string' ? 'number' : name.replaceAll(/[-_]/g, ' ');
  return `Please type your ${spoken}, then press the pound key.`;
}
