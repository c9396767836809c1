import { assertKeyId } from '../../src/internal.ts';
import { parseWrittenOptions, type WrittenOptions } from '../connect/flow/written.ts';
import { connectInstance } from '../connect/instance.ts';
import type { CertificateOptions } from '../keys/certificate.ts';
import type { KeySize } from '../keys/key-pair.ts';
import { openFunction } from '../lambda-function.ts';
import { describePlan, planOf } from '../output/plan.ts';
import type { Answer, Terminal } from '../output/terminal.ts';
import { setupSteps } from '../setup/steps.ts';
import type { KeyStoreOptions } from '../stores/key-store.ts';
import { openKeyStore } from '../stores/open.ts';

export interface SetupOptions extends WrittenOptions, KeyStoreOptions, CertificateOptions {
  readonly instance: string;
  /** The Lambda function's name or ARN. */
  readonly function: string;
  readonly keyId?: string;
  readonly bits: KeySize;
  /** Whether to play a call at the end. */
  readonly call: boolean;
  readonly dryRun: boolean;
}

/** Sets up an instance, from the key to a working flow. Run again after an interruption, it continues there. */
export async function setUp(options: SetupOptions, terminal: Terminal): Promise<Answer> {
  const { keyId, bits, subject, days } = options;
  if (keyId !== undefined) assertKeyId(keyId);
  const described = parseWrittenOptions(options);
  const [instance, vault, lambda] = await Promise.all([
    connectInstance(options.instance, options),
    openKeyStore(options),
    openFunction(options.function, options),
  ]);
  const all = setupSteps({ instance, vault, lambda, described, keyId, bits, subject, days, store: options, terminal });
  const steps = options.call ? all : all.filter(({ name }) => name !== 'call');
  const plan = await terminal.during('Checking what exists', planOf(steps, undefined));
  if (options.dryRun) return { value: { plan }, text: describePlan(plan) };
  terminal.note(`${describePlan(plan)}\n`);
  const done: { readonly step: string; readonly outcome: string }[] = [];
  for (const step of steps) {
    if (await step.isDone()) continue;
    if (step.question !== undefined) await terminal.confirm(step.question);
    const outcome = await step.run();
    terminal.note(`${step.name}: ${outcome}`);
    done.push({ step: step.name, outcome });
  }
  return {
    value: { instance: instance.id, function: lambda.arn, flow: described.name, done },
    text: `"${described.name}" is published in instance ${instance.id}. Assign a phone number to it in Amazon Connect (Channels, Phone numbers) and call it.`,
  };
}
