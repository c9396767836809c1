import { assertKeyId } from '../../src/internal.ts';
import { type ConnectInstance, connectInstance, maxSecurityKeys, type SecurityKey } from '../connect/instance.ts';
import type { CertificateOptions } from '../keys/certificate.ts';
import type { KeySize } from '../keys/key-pair.ts';
import { CommandError } from '../output/command-error.ts';
import { describePlan, planOf } from '../output/plan.ts';
import type { Answer, Terminal } from '../output/terminal.ts';
import { proveEndpoint, proveFunction } from '../proof.ts';
import { type RotationState, readState, removeState } from '../rotation/rotation-state.ts';
import { type Rotation, rotationSteps, swapIn } from '../rotation/steps.ts';
import { readService } from '../service.ts';
import { type KeyStoreOptions, storeArguments, type WritableKeyStore } from '../stores/key-store.ts';
import { openConsumerStore, openKeyStore } from '../stores/open.ts';
import { assertRoom } from './keys-associate.ts';

export interface RotateOptions extends KeyStoreOptions, CertificateOptions {
  readonly instance: string;
  /** The key to replace. Default: the instance's only key. */
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

/** Replaces a security key without interrupting calls. Run again after an interruption, it continues there. */
export async function rotate(options: RotateOptions, terminal: Terminal): Promise<Answer> {
  const vault = await openKeyStore(options);
  const instance = await connectInstance(options.instance, options);
  let state =
    (await interruptedRotation(options, instance, vault)) ?? (await newRotation(options, instance, vault, terminal));
  const steps = rotationSteps(await rotationOf(options, instance, vault), state.oldKeyId);
  const plan = await terminal.during('Checking what is done', planOf(steps, state));
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

async function interruptedRotation(
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
  const message = `${options.state} belongs to a rotation of ${state.oldKeyId} in instance ${state.instance} with ${state.store}; finish that rotation first, or pass another --state.`;
  throw new CommandError('conflict', message);
}

/** If the instance has two keys, a rotation may have started on another machine, which has its state file. */
function assertNoOtherRotation(statePath: string, instanceId: string, keys: readonly SecurityKey[]): void {
  try {
    assertRoom(instanceId, keys);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const message = `${error.message} If a rotation was interrupted on another machine, copy its state file ${statePath} here, or pass it with --state.`;
    throw new CommandError(error.code, message, error);
  }
}

async function newRotation(
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
    assertNoOtherRotation(options.state, instance.id, keys);
  if (oldKeyId !== undefined && ids.includes(oldKeyId)) {
    // Before creating a key, check that each flow can be changed.
    const trial = { oldKeyId, newKeyId: 'new', newCertificate: 'new' };
    for (const id of flow) swapIn(id, (await instance.flow(id)).content, keys, trial);
    return { ...state, oldKeyId };
  }
  const held =
    ids.length === 0
      ? 'has no keys; upload a first one with "flow-keys keys associate"'
      : `has ${ids.join(' and ')}; pass the key to replace with --key-id`;
  const asked = keyId === undefined ? '' : `does not have key id ${keyId}. It `;
  throw new CommandError(
    keyId === undefined ? 'invalid_option' : 'conflict',
    `Instance ${instance.id} ${asked}${held}.`,
  );
}

async function rotationOf(
  options: RotateOptions,
  instance: ConnectInstance,
  vault: WritableKeyStore,
): Promise<Rotation> {
  const { subject, days, bits, flow, handedOut, wait, consumerWait, state } = options;
  const services = [];
  if (options.function !== undefined) {
    const name = options.function;
    const prove = (keyId: string, ciphertext: string, input: string) =>
      proveFunction(name, options, { keyId, ciphertext }, input);
    services.push({ name: `function ${name}`, prove });
  }
  if (options.endpoint !== undefined) {
    const service = await readService(options.endpoint, options.tokenFile);
    const prove = (_: string, ciphertext: string, input: string) => proveEndpoint(service, ciphertext, input);
    services.push({ name: service.endpoint, prove });
  }
  return {
    ...{ instance, vault, subject, days, bits, flows: flow, isHandedOut: handedOut, services },
    // Secrets Manager holds no consumers.
    consumers: options.store === 'secrets-manager' ? undefined : await openConsumerStore(options),
    waitMinutes: wait,
    consumerWaitSeconds: consumerWait,
    statePath: state,
  };
}
