import { assertKeyId } from '../../src/internal.ts';
import { type ConnectInstance, connectInstance, maxSecurityKeys, type SecurityKey } from '../connect/instance.ts';
import type { CertificateOptions } from '../keys/certificate.ts';
import type { KeySize } from '../keys/key-pair.ts';
import { CommandError } from '../output/command-error.ts';
import { describePlan, type PlannedStep } from '../output/plan.ts';
import type { Answer, Terminal } from '../output/terminal.ts';
import { proveEndpoint, proveFunction } from '../proof.ts';
import { type RotationState, readState, removeState } from '../rotation/rotation-state.ts';
import { type Rotation, rotationSteps, type Step, swapIn } from '../rotation/steps.ts';
import { readService } from '../service.ts';
import { type KeyStoreOptions, storeArguments, type WritableKeyStore } from '../stores/key-store.ts';
import { openConsumerStore, openKeyStore } from '../stores/open.ts';
import { assertRoom } from './keys-associate.ts';

export interface RotateOptions extends KeyStoreOptions, CertificateOptions {
  readonly instance: string;
  /** The key to replace. Default: the only one that the instance holds. */
  readonly keyId?: string;
  readonly bits: KeySize;
  readonly flow: readonly string[];
  readonly handedOut: boolean;
  readonly wait: number;
  readonly consumerWait: number;
  readonly state: string;
  readonly dryRun: boolean;
  readonly function?: string;
  readonly endpoint?: string;
  readonly tokenFile?: string;
}

/** Replaces a security key while calls go on; interrupted at any point and run again, it goes on from there. */
export async function rotate(options: RotateOptions, terminal: Terminal): Promise<Answer> {
  const vault = await openKeyStore(options);
  const instance = await connectInstance(options.instance, options);
  let state = (await begun(options, instance, vault)) ?? (await beginning(options, instance, vault, terminal));
  const steps = rotationSteps(await rotationOf(options, instance, vault), state.oldKeyId);
  const plan = await terminal.during('Looking how far the rotation is', planOf(steps, state));
  if (options.dryRun) return { value: { oldKeyId: state.oldKeyId, plan }, text: describePlan(plan) };
  terminal.note(`${describePlan(plan)}\n`);
  for (const step of steps) {
    if (await step.isDone(state)) continue;
    if (step.question !== undefined) await terminal.confirm(step.question);
    state = await terminal.during(step.name, step.run(state));
    terminal.note(`${step.name}: done`);
  }
  await removeState(options.state);
  return {
    value: { retired: state.oldKeyId, store: vault.name },
    text: `Rotated: ${state.oldKeyId} is retired. Its private key is still in ${vault.name}; "flow-keys keys retire ${state.oldKeyId} --delete-private-key${storeArguments(options)}" removes it.`,
  };
}

async function begun(
  options: RotateOptions,
  instance: ConnectInstance,
  vault: WritableKeyStore,
): Promise<RotationState | undefined> {
  const state = await readState(options.state);
  if (state === undefined) return undefined;
  const differs =
    state.instance !== instance.id ||
    state.store !== vault.name ||
    (options.keyId ?? state.oldKeyId) !== state.oldKeyId;
  if (!differs) return state;
  const message = `${options.state} is of a rotation of ${state.oldKeyId} on instance ${state.instance}, with ${state.store}; finish that one first, or pass another --state.`;
  throw new CommandError('conflict', message);
}

/** Two keys are often a rotation that was begun in another place: its file says which key is the new one. */
function assertNotUnderWay(statePath: string, instanceId: string, keys: readonly SecurityKey[]): void {
  try {
    assertRoom(instanceId, keys);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const message = `${error.message} If a rotation was interrupted elsewhere, copy its state file ${statePath} here, or name it with --state.`;
    throw new CommandError(error.code, message, error);
  }
}

async function beginning(
  options: RotateOptions,
  instance: ConnectInstance,
  vault: WritableKeyStore,
  terminal: Terminal,
): Promise<RotationState> {
  const { keyId, flow } = options;
  if (keyId !== undefined) assertKeyId(keyId);
  const keys = await terminal.during('Reading the security keys', instance.securityKeys());
  const ids = keys.map((key) => key.keyId);
  const oldKeyId = keyId ?? (ids.length === 1 ? ids[0] : undefined);
  const state = { version: 1, instance: instance.id, store: vault.name } as const;
  if (ids.length >= maxSecurityKeys && (keyId === undefined || ids.includes(keyId)))
    assertNotUnderWay(options.state, instance.id, keys);
  if (oldKeyId !== undefined && ids.includes(oldKeyId)) {
    // Before anything is made: each flow can be given a new key.
    const trial = { oldKeyId, newKeyId: 'new', newCertificate: 'new' };
    for (const id of flow) swapIn(id, (await instance.flow(id)).content, keys, trial);
    return { ...state, oldKeyId };
  }
  const held =
    ids.length === 0
      ? 'no keys; upload a first one with "flow-keys keys associate"'
      : `${ids.join(' and ')}; pass the one to replace with --key-id`;
  const asked = keyId === undefined ? '' : `, and not ${keyId}`;
  throw new CommandError(
    keyId === undefined ? 'invalid_option' : 'conflict',
    `Instance ${instance.id} holds ${held}${asked}.`,
  );
}

async function rotationOf(
  options: RotateOptions,
  instance: ConnectInstance,
  vault: WritableKeyStore,
): Promise<Rotation> {
  const { subject, days, bits, flow, handedOut, wait, consumerWait, state, function: functionName, endpoint } = options;
  const service = endpoint === undefined ? undefined : await readService(endpoint, options.tokenFile);
  const lambda: Rotation['services'] =
    functionName === undefined
      ? []
      : [
          {
            name: `function ${functionName}`,
            prove: (keyId, ciphertext, input) => proveFunction(functionName, options, { keyId, ciphertext }, input),
          },
        ];
  const http: Rotation['services'] =
    service === undefined
      ? []
      : [
          {
            name: service.endpoint,
            prove: (_, ciphertext, input) => proveEndpoint(service, ciphertext, input),
          },
        ];
  return {
    ...{
      instance,
      vault,
      // Secrets Manager holds no consumers.
      consumers: options.store === 'secrets-manager' ? undefined : await openConsumerStore(options),
      subject,
      days,
      bits,
      flows: flow,
      isHandedOut: handedOut,
      waitMinutes: wait,
      consumerWaitSeconds: consumerWait,
      statePath: state,
    },
    services: [...lambda, ...http],
  };
}

function planOf(steps: readonly Step[], state: RotationState): Promise<readonly PlannedStep[]> {
  return Promise.all(
    steps.map(async ({ name, plan, question, isDone }) => ({
      step: name,
      plan,
      isDone: await isDone(state),
      asksFirst: question !== undefined,
    })),
  );
}
