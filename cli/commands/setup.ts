import { assertKeyId } from '../../src/internal.ts';
import { describedFlow, type WrittenOptions } from '../connect/flow/written.ts';
import { connectInstance } from '../connect/instance.ts';
import type { CertificateOptions } from '../keys/certificate.ts';
import type { KeySize } from '../keys/key-pair.ts';
import { openFunction } from '../lambda-function.ts';
import { describePlan } from '../output/plan.ts';
import type { Answer, Terminal } from '../output/terminal.ts';
import { type SetupStep, setupSteps } from '../setup/steps.ts';
import type { KeyStoreOptions } from '../stores/key-store.ts';
import { openKeyStore } from '../stores/open.ts';

export interface SetupOptions extends WrittenOptions, KeyStoreOptions, CertificateOptions {
  readonly instance: string;
  /** The Lambda function's name or ARN. */
  readonly function: string;
  readonly keyId?: string;
  readonly bits: KeySize;
  /** `false`: no call is played at the end. */
  readonly call: boolean;
  readonly dryRun: boolean;
}

/** From an instance to a flow that works; interrupted at any point and run again, it goes on from there. */
export async function setUp(options: SetupOptions, terminal: Terminal): Promise<Answer> {
  const { keyId, bits, subject, days } = options;
  if (keyId !== undefined) assertKeyId(keyId);
  const described = describedFlow(options);
  const [instance, vault, lambda] = await Promise.all([
    connectInstance(options.instance, options),
    openKeyStore(options),
    openFunction(options.function, options),
  ]);
  const all = setupSteps({ instance, vault, lambda, described, keyId, bits, subject, days, store: options, terminal });
  const steps = options.call ? all : all.filter(({ name }) => name !== 'call');
  const plan = await terminal.during('Looking what is there', planOf(steps));
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
    text: `"${described.name}" is published in instance ${instance.id}. Give it a telephone number in Amazon Connect (Channels, Phone numbers), and call it.`,
  };
}

function planOf(steps: readonly SetupStep[]) {
  return Promise.all(
    steps.map(async ({ name, plan, question, isDone }) => ({
      step: name,
      plan,
      isDone: await isDone(),
      asksFirst: question !== undefined || name === 'flow',
    })),
  );
}
