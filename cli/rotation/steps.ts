import type { X509Certificate } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { FlowKeysError } from '../../src/index.ts';
import { isRecord, parseJson } from '../../src/internal.ts';
import { assertRoom, keyIdOf } from '../commands/keys-associate.ts';
import { makeKey } from '../commands/keys-create.ts';
import type { ConnectInstance, Flow, SecurityKey } from '../connect/instance.ts';
import { encryptAsConnect } from '../connect/simulator.ts';
import { replaceFile } from '../files.ts';
import { type CertificateOptions, readCertificate } from '../keys/certificate.ts';
import { type KeySize, keyPairOf, privateKeyIn, publicKeyOf, publicPem } from '../keys/key-pair.ts';
import { CommandError } from '../output/command-error.ts';
import type { Step } from '../output/plan.ts';
import { freshInput, type Proof, proveStore } from '../proof.ts';
import type { WritableConsumerStore } from '../stores/consumer-store.ts';
import type { WritableKeyStore } from '../stores/key-store.ts';
import { containsKey, type KeySwap, swapKey } from './flow-keys-swap.ts';
import { type RotationState, writeState } from './rotation-state.ts';

/** What the steps need. */
export interface Rotation extends CertificateOptions {
  readonly instance: ConnectInstance;
  readonly vault: WritableKeyStore;
  /** The consumers, which allow key ids; `undefined` if the store holds none. */
  readonly consumers: WritableConsumerStore | undefined;
  readonly bits: KeySize;
  /** The ids of the flows to change. */
  readonly flows: readonly string[];
  /** Whether somebody changed the flows by hand. */
  readonly isHandedOut: boolean;
  readonly waitMinutes: number;
  /** How long it takes until a changed consumer takes effect everywhere. */
  readonly consumerWaitSeconds: number;
  readonly statePath: string;
  /** The services in production, which must decrypt with the new key. */
  readonly services: readonly {
    readonly name: string;
    readonly prove: (keyId: string, ciphertext: string, input: string) => Promise<Proof>;
  }[];
}

/** One step. It can be repeated after an interruption. */
export interface RotationStep extends Step<RotationState> {
  /** @returns the state for the next step */
  run(state: RotationState): Promise<RotationState>;
}

/**
 * Replaces the old key in a flow's content with the new one.
 *
 * @throws CommandError `conflict` if replacing key id and certificate is not enough
 */
export function swapIn(
  flowId: string,
  content: string,
  keys: readonly SecurityKey[],
  { oldKeyId, newKeyId, newCertificate }: Omit<KeySwap, 'oldPublicKey'>,
): string {
  const old = keys.find((key) => key.keyId === oldKeyId);
  if (old === undefined) throw new FlowKeysError('unknown_key', `Connect no longer has key id ${oldKeyId}.`);
  if (!containsKey(content, oldKeyId)) {
    const message = `Flow ${flowId} does not contain key id ${oldKeyId}; check --flow. If the flow reads its key id from elsewhere, change it there by hand.`;
    throw new CommandError('conflict', message);
  }
  const oldPublicKey = publicKeyOf(old.publicKey, `Connect's key ${oldKeyId}`);
  return swapKey(content, { oldKeyId, oldPublicKey, newKeyId, newCertificate });
}

/** The steps of a rotation, in order. Both keys work from the third step to the last. */
export function rotationSteps(rotation: Rotation, oldKeyId: string): readonly RotationStep[] {
  const { instance, vault, flows, statePath, waitMinutes } = rotation;

  /** The new key's id in Connect; `undefined` before its upload. */
  async function newKeyId(state: RotationState): Promise<string | undefined> {
    if (state.certificate === undefined) return undefined;
    return keyIdOf(publicPem(certificateOf(state).publicKey), await instance.securityKeys());
  }

  async function requiredKeyId(state: RotationState): Promise<string> {
    const keyId = await newKeyId(state);
    if (keyId !== undefined) return keyId;
    const message = `Instance ${instance.id} no longer has the new key; run the same command again to upload it.`;
    throw new CommandError('conflict', message);
  }

  async function isStored(keyId: string | undefined): Promise<boolean> {
    return keyId !== undefined && (await vault.privateKeys(keyId, {})).length > 0;
  }

  async function remember(state: RotationState): Promise<RotationState> {
    await writeState(statePath, state);
    return state;
  }

  const create: RotationStep = {
    name: 'create',
    plan: `create an RSA-${rotation.bits} key pair and a certificate for ${rotation.days} days; the private key is stored only in ${vault.name}`,
    // After the upload, never create another key, even if the store does not return this one now.
    isDone: async (state) => (await newKeyId(state)) !== undefined || (await isStored(state.provisionalId)),
    async run(state) {
      const key = await makeKey(rotation);
      // Write the state before the key; otherwise an interruption would leave a key that no state names.
      const remembered = await remember({ ...state, provisionalId: key.keyId, certificate: key.certificate });
      await vault.store(key.keyId, key);
      return remembered;
    },
  };

  const associate: RotationStep = {
    name: 'upload',
    plan: `upload the public key to instance ${instance.id}, which assigns its key id`,
    isDone: async (state) => (await newKeyId(state)) !== undefined,
    async run(state) {
      assertRoom(instance.id, await instance.securityKeys());
      await instance.associate(publicPem(certificateOf(state).publicKey));
      return state;
    },
  };

  const store: RotationStep = {
    name: 'store',
    plan: 'store the private key under that key id',
    isDone: async (state) => (await isStored(await newKeyId(state))) && !(await isStored(state.provisionalId)),
    async run(state) {
      const keyId = await requiredKeyId(state);
      const { provisionalId } = state;
      const certificate = certificateOf(state).toString();
      const [pem] = provisionalId === undefined ? [] : await vault.privateKeys(provisionalId, {});
      if (pem !== undefined) {
        const { privateKey } = keyPairOf(await privateKeyIn(pem, provisionalId ?? keyId));
        await vault.store(keyId, { privateKey, certificate });
      }
      // Remove the provisional entry only after the new one can be read.
      if (!(await isStored(keyId))) throw notStored(keyId, provisionalId);
      if (provisionalId !== undefined) await vault.remove(provisionalId);
      return state;
    },
  };

  function notStored(keyId: string, provisionalId: string | undefined): CommandError {
    const message = `${vault.name} does not return the private key ${[keyId, provisionalId].filter(Boolean).join(' or ')} yet; run the same command again in a minute. If that does not help, check that store, region and profile are the same as at the start of the rotation.`;
    return new CommandError('conflict', message);
  }

  const prove: RotationStep = {
    name: 'prove',
    plan: `encrypt a test input as Connect does, and decrypt it with ${[vault.name, ...rotation.services.map(({ name }) => name)].join(', ')}`,
    isDone: async ({ handedOutAt }) => handedOutAt !== undefined,
    async run(state) {
      const keyId = await requiredKeyId(state);
      const input = freshInput();
      const publicKey = certificateOf(state).publicKey;
      const ciphertext = await encryptAsConnect(input, keyId, publicKey);
      assertRight(vault.name, await proveStore(vault, keyId, ciphertext, input));
      for (const { name, prove } of rotation.services) assertRight(name, await prove(keyId, ciphertext, input));
      return state;
    },
  };

  const admit: RotationStep = {
    name: 'admit',
    plan: `allow the new key id to the consumers that are allowed ${oldKeyId}`,
    isDone: async (state) =>
      state.handedOutAt !== undefined ||
      (Date.now() >= admissionEnd(state) && (await withoutNewKey(await newKeyId(state))).length === 0),
    async run(state) {
      const keyId = await requiredKeyId(state);
      let admitted = state;
      for (const { name, document } of await withoutNewKey(keyId)) {
        admitted = await remember({ ...state, admittedAt: new Date().toISOString() });
        const keyIds = [...document.keyIds, keyId];
        await rotation.consumers?.put(name, `${JSON.stringify({ ...document, keyIds }, null, 2)}\n`);
      }
      await sleep(Math.max(0, admissionEnd(admitted) - Date.now()));
      return admitted;
    },
  };

  function admissionEnd({ admittedAt }: RotationState): number {
    return admittedAt === undefined ? 0 : Date.parse(admittedAt) + rotation.consumerWaitSeconds * 1_000;
  }

  /** The consumers that are allowed the old key id but not the new one. */
  async function withoutNewKey(keyId: string | undefined) {
    const { consumers } = rotation;
    if (consumers === undefined) return [];
    const registered = Array.from(await consumers.all(), ([name, text]) => ({ name, document: documentOf(text) }));
    return registered.filter(
      ({ document: { keyIds } }) => keyIds.includes(oldKeyId) && !(keyId !== undefined && keyIds.includes(keyId)),
    );
  }

  const handOut: RotationStep = {
    name: 'hand out',
    plan:
      flows.length > 0
        ? `publish the flows with the new key id and certificate: ${flows.join(', ')}`
        : 'stop, so that you can change the key id and certificate in the flows by hand',
    ...(flows.length > 0 && {
      question: `Publish ${flows.length === 1 ? 'the flow' : `${flows.length} flows`} with the new key? New calls use it from then on.`,
    }),
    isDone: async (state) => state.handedOutAt !== undefined && missing(state).length === 0,
    async run(state) {
      const keyId = await requiredKeyId(state);
      if (flows.length === 0 && !(rotation.isHandedOut && state.shownKeyId === keyId)) {
        await remember({ ...state, shownKeyId: keyId });
        throw await byHand(keyId, state, statePath);
      }
      const swapped: (Pick<Flow, 'id' | 'type'> & { readonly content: string })[] = [];
      for (const flowId of missing(state)) swapped.push(...(await withNewKey(flowId, keyId, state)));
      // Publish the first only after all can be changed.
      for (const flow of swapped) await instance.updateFlow(flow, flow.content);
      const given = [...new Set([...(state.flows ?? []), ...flows])];
      return remember({ ...state, flows: given, handedOutAt: new Date().toISOString() });
    },
  };

  function missing(state: RotationState): readonly string[] {
    return flows.filter((flowId) => !state.flows?.includes(flowId));
  }

  /** The flow with the new key; empty if the flow already has it. */
  async function withNewKey(flowId: string, keyId: string, state: RotationState): Promise<readonly Flow[]> {
    const flow = await instance.flow(flowId);
    const { content } = flow;
    if (!containsKey(content, oldKeyId) && containsKey(content, keyId)) return [];
    const swapped = swapIn(flowId, content, await instance.securityKeys(), {
      oldKeyId,
      newKeyId: keyId,
      newCertificate: certificateOf(state).toString(),
    });
    await replaceFile(`${statePath}.flow-${flowId}.before.json`, content, 0o644);
    return [{ ...flow, content: swapped }];
  }

  const wait: RotationStep = {
    name: 'wait',
    plan: `wait ${waitMinutes} minutes for calls that started with ${oldKeyId}`,
    isDone: async (state) => waitTime(state) <= 0,
    async run(state) {
      // In slices, because a timer can wait at most 24 days, and the clock may change.
      for (let left = waitTime(state); left > 0; left = waitTime(state)) await sleep(Math.min(left, 60_000));
      return state;
    },
  };

  function waitTime({ handedOutAt }: RotationState): number {
    if (handedOutAt === undefined) return Number.POSITIVE_INFINITY;
    return Date.parse(handedOutAt) + waitMinutes * 60_000 - Date.now();
  }

  const retire: RotationStep = {
    name: 'retire',
    plan: `remove ${oldKeyId} from Connect; its private key stays in the store, to decrypt older inputs`,
    question: `Remove key id ${oldKeyId} from Connect? Flows that still name it will fail.`,
    isDone: async () => !(await instance.securityKeys()).some(({ keyId }) => keyId === oldKeyId),
    async run(state) {
      for (const flowId of new Set([...flows, ...(state.flows ?? [])])) {
        if (!containsKey((await instance.flow(flowId)).content, oldKeyId)) continue;
        const message = `Flow ${flowId} still contains key id ${oldKeyId}; replace it before the old key is removed.`;
        throw new CommandError('conflict', message);
      }
      await instance.disassociate(oldKeyId);
      return state;
    },
  };

  return [create, associate, store, prove, admit, handOut, wait, retire];
}

/** The consumer's document. An unreadable one allows no key id. */
function documentOf(text: unknown): { readonly keyIds: readonly unknown[] } {
  const document = parseJson(String(text));
  return isRecord(document) && Array.isArray(document['keyIds'])
    ? { ...document, keyIds: document['keyIds'] }
    : { keyIds: [] };
}

function certificateOf({ certificate = '' }: RotationState): X509Certificate {
  return readCertificate(certificate, 'The new certificate');
}

async function byHand(keyId: string, state: RotationState, statePath: string): Promise<CommandError> {
  const file = `${statePath}.certificate.pem`;
  await replaceFile(file, certificateOf(state).toString(), 0o644);
  const message = `Enter key id ${keyId} and the certificate ${file} in the flows, publish them, and run the same command again with --handed-out.`;
  return new CommandError('confirmation_needed', message);
}

function assertRight(name: string, proof: Proof): void {
  if (proof.isRight) return;
  const message = `The new key does not work with ${name}: ${proof.why}. The flows still have the old key. Fix the cause, then run the same command again.`;
  throw new CommandError('conflict', message);
}
