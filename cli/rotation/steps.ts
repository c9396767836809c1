import { setTimeout as sleep } from 'node:timers/promises';
import { FlowKeysError } from '../../src/index.ts';
import { assertRoom, keyIdOf } from '../commands/keys-associate.ts';
import { makeKey } from '../commands/keys-create.ts';
import type { ConnectInstance, Flow, SecurityKey } from '../connect/instance.ts';
import { encryptAsConnect } from '../connect/simulator.ts';
import { replaceFile } from '../files.ts';
import { type CertificateOptions, readCertificate } from '../keys/certificate.ts';
import { type KeySize, keyPairOf, privateKeyIn, publicKeyOf, publicPem } from '../keys/key-pair.ts';
import { CommandError } from '../output/command-error.ts';
import { freshInput, type Proof, proveStore } from '../proof.ts';
import type { WritableConsumerStore } from '../stores/consumer-store.ts';
import type { WritableKeyStore } from '../stores/key-store.ts';
import { carriesKey, type KeySwap, swapKey } from './flow-keys-swap.ts';
import { type RotationState, writeState } from './rotation-state.ts';

/** What the steps work on, and with. */
export interface Rotation extends CertificateOptions {
  readonly instance: ConnectInstance;
  readonly vault: WritableKeyStore;
  /** Where the consumers are that key ids are allowed to; `undefined` where the store has none. */
  readonly consumers: WritableConsumerStore | undefined;
  readonly bits: KeySize;
  /** Ids of the flows that are given the new key. */
  readonly flows: readonly string[];
  /** The flows were given the new key by hand. */
  readonly isHandedOut: boolean;
  readonly waitMinutes: number;
  /** How long it takes until what changed of a consumer counts everywhere. */
  readonly consumerWaitSeconds: number;
  readonly statePath: string;
  /** Proves that what runs in production decrypts under the new key, too. */
  readonly services: readonly {
    readonly name: string;
    readonly prove: (keyId: string, ciphertext: string, input: string) => Promise<Proof>;
  }[];
}

/** One step. Each can be done again after an interruption, at whatever point. */
export interface Step {
  readonly name: string;
  /** As a plan says it. */
  readonly plan: string;
  /** What to ask before it, as it cannot be undone. */
  readonly question?: string;
  isDone(state: RotationState): Promise<boolean>;
  /** @returns the state to go on with */
  run(state: RotationState): Promise<RotationState>;
}

/**
 * A flow's content with the new key in place of the old one.
 *
 * @throws CommandError `conflict` for a flow that cannot be given the new key by a swap alone
 */
export function swapIn(
  flowId: string,
  content: string,
  keys: readonly SecurityKey[],
  { oldKeyId, newKeyId, newCertificate }: Omit<KeySwap, 'oldPublicKey'>,
): string {
  const old = keys.find((key) => key.keyId === oldKeyId);
  if (old === undefined) throw new FlowKeysError('unknown_key', `Connect no longer holds key id ${oldKeyId}.`);
  if (!carriesKey(content, oldKeyId)) {
    const message = `Flow ${flowId} does not carry key id ${oldKeyId}; check --flow, and edit a flow that reads its key from elsewhere by hand.`;
    throw new CommandError('conflict', message);
  }
  const oldPublicKey = publicKeyOf(old.publicKey, `Connect's key ${oldKeyId}`);
  return swapKey(content, { oldKeyId, oldPublicKey, newKeyId, newCertificate });
}

/** The steps of a rotation, in their order. Both keys work from the third step to the last. */
export function rotationSteps(rotation: Rotation, oldKeyId: string): readonly Step[] {
  const { instance, vault, flows, statePath, waitMinutes } = rotation;

  /** The id that Connect has for the new key, once it has one. */
  async function newKeyId({ certificate }: RotationState): Promise<string | undefined> {
    if (certificate === undefined) return undefined;
    const publicKey = publicPem(readCertificate(certificate, 'The new certificate').publicKey);
    return keyIdOf(publicKey, await instance.securityKeys());
  }

  async function requiredKeyId(state: RotationState): Promise<string> {
    const keyId = await newKeyId(state);
    if (keyId !== undefined) return keyId;
    const message = `Instance ${instance.id} no longer holds the new key; run the same command again, which uploads it.`;
    throw new CommandError('conflict', message);
  }

  async function isStored(keyId: string | undefined): Promise<boolean> {
    return keyId !== undefined && (await vault.privateKeys(keyId, {})).length > 0;
  }

  async function remember(state: RotationState): Promise<RotationState> {
    await writeState(statePath, state);
    return state;
  }

  const create: Step = {
    name: 'create',
    plan: `make an RSA-${rotation.bits} key pair and a certificate for ${rotation.days} days; the private key goes to ${vault.name} only`,
    // Once Connect holds it there is no other: a store that does not know it now is no reason to make one.
    isDone: async (state) => (await newKeyId(state)) !== undefined || (await isStored(state.provisionalId)),
    async run(state) {
      const key = await makeKey(rotation);
      // First what to look for, then the key: a key that nobody looks for would be left behind.
      const remembered = await remember({ ...state, provisionalId: key.keyId, certificate: key.certificate });
      await vault.store(key.keyId, key);
      return remembered;
    },
  };

  const associate: Step = {
    name: 'upload',
    plan: `give the public key to instance ${instance.id}, which names it with a key id`,
    isDone: async (state) => (await newKeyId(state)) !== undefined,
    async run(state) {
      assertRoom(instance.id, await instance.securityKeys());
      await instance.associate(publicPem(readCertificate(state.certificate ?? '', 'The new certificate').publicKey));
      return state;
    },
  };

  const store: Step = {
    name: 'store',
    plan: 'put the private key under that key id',
    isDone: async (state) => (await isStored(await newKeyId(state))) && !(await isStored(state.provisionalId)),
    async run(state) {
      const keyId = await requiredKeyId(state);
      const { provisionalId } = state;
      const certificate = readCertificate(state.certificate ?? '', 'The new certificate').toString();
      const [pem] = provisionalId === undefined ? [] : await vault.privateKeys(provisionalId, {});
      if (pem !== undefined) {
        const { privateKey } = keyPairOf(await privateKeyIn(pem, provisionalId ?? keyId));
        await vault.store(keyId, { privateKey, certificate });
      }
      // The provisional one goes only when the other can be read.
      if (!(await isStored(keyId))) throw notThere(keyId, provisionalId);
      if (provisionalId !== undefined) await vault.remove(provisionalId);
      return state;
    },
  };

  function notThere(keyId: string, provisionalId: string | undefined): CommandError {
    const message = `${vault.name} shows no private key under ${[keyId, provisionalId].filter(Boolean).join(' or ')} yet; run the same command again in a minute, and if that does not help, check that store, region and profile are those with which the rotation began.`;
    return new CommandError('conflict', message);
  }

  const prove: Step = {
    name: 'prove',
    plan: `encrypt a fresh input as Connect would, and decrypt it with ${[vault.name, ...rotation.services.map(({ name }) => name)].join(', ')}`,
    isDone: async ({ handedOutAt }) => handedOutAt !== undefined,
    async run(state) {
      const keyId = await requiredKeyId(state);
      const input = freshInput();
      const publicKey = readCertificate(state.certificate ?? '', 'The new certificate').publicKey;
      const ciphertext = await encryptAsConnect(input, keyId, publicKey);
      assertRight(vault.name, await proveStore(vault, keyId, ciphertext, input));
      for (const { name, prove } of rotation.services) assertRight(name, await prove(keyId, ciphertext, input));
      return state;
    },
  };

  const admit: Step = {
    name: 'admit',
    plan: `let the consumers that may have what is encrypted under ${oldKeyId} have it under the new key id, too`,
    isDone: async (state) =>
      state.handedOutAt !== undefined ||
      (Date.now() >= admissionEnd(state) && (await refused(await newKeyId(state))).length === 0),
    async run(state) {
      const keyId = await requiredKeyId(state);
      let admitted = state;
      for (const { name, document } of await refused(keyId)) {
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

  /** The consumers that may have what is encrypted under the old key, and not what will be under the new one. */
  async function refused(keyId: string | undefined) {
    const { consumers } = rotation;
    if (consumers === undefined) return [];
    const registered = Array.from(await consumers.all(), ([name, text]) => ({ name, document: documentOf(text) }));
    return registered.filter(
      ({ document: { keyIds } }) => keyIds.includes(oldKeyId) && !(keyId !== undefined && keyIds.includes(keyId)),
    );
  }

  const handOut: Step = {
    name: 'hand out',
    plan:
      flows.length > 0
        ? `publish the flows with the new key id and certificate: ${flows.join(', ')}`
        : 'stop, so that you give the flows the new key id and certificate',
    ...(flows.length > 0 && {
      question: `Publish ${flows.length === 1 ? 'the flow' : `${flows.length} flows`} with the new key? Calls from now on are encrypted with it.`,
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
      // All of them can be given the new key: now the first is.
      for (const flow of swapped) await instance.updateFlow(flow, flow.content);
      const given = [...new Set([...(state.flows ?? []), ...flows])];
      return remember({ ...state, flows: given, handedOutAt: new Date().toISOString() });
    },
  };

  function missing(state: RotationState): readonly string[] {
    return flows.filter((flowId) => !state.flows?.includes(flowId));
  }

  /** The flow with the new key; nothing where it has it already. */
  async function withNewKey(flowId: string, keyId: string, state: RotationState): Promise<readonly Flow[]> {
    const flow = await instance.flow(flowId);
    const { content } = flow;
    if (!carriesKey(content, oldKeyId) && carriesKey(content, keyId)) return [];
    const swapped = swapIn(flowId, content, await instance.securityKeys(), {
      oldKeyId,
      newKeyId: keyId,
      newCertificate: readCertificate(state.certificate ?? '', 'The new certificate').toString(),
    });
    await replaceFile(`${statePath}.flow-${flowId}.before.json`, content, 0o644);
    return [{ ...flow, content: swapped }];
  }

  const wait: Step = {
    name: 'wait',
    plan: `give calls that began under ${oldKeyId} ${waitMinutes} minutes to end`,
    isDone: async (state) => waitTime(state) <= 0,
    async run(state) {
      // In slices: a timer takes no more than 24 days, and a clock may be set.
      for (let left = waitTime(state); left > 0; left = waitTime(state)) await sleep(Math.min(left, 60_000));
      return state;
    },
  };

  function waitTime({ handedOutAt }: RotationState): number {
    if (handedOutAt === undefined) return Number.POSITIVE_INFINITY;
    return Date.parse(handedOutAt) + waitMinutes * 60_000 - Date.now();
  }

  const retire: Step = {
    name: 'retire',
    plan: `remove ${oldKeyId} from Connect; its private key stays in the store, for what was encrypted with it`,
    question: `Remove key id ${oldKeyId} from Connect? Flows that still name it will fail.`,
    isDone: async () => !(await instance.securityKeys()).some(({ keyId }) => keyId === oldKeyId),
    async run(state) {
      for (const flowId of new Set([...flows, ...(state.flows ?? [])])) {
        if (!carriesKey((await instance.flow(flowId)).content, oldKeyId)) continue;
        const message = `Flow ${flowId} carries key id ${oldKeyId}; give it the new one before the old key is removed.`;
        throw new CommandError('conflict', message);
      }
      await instance.disassociate(oldKeyId);
      return state;
    },
  };

  return [create, associate, store, prove, admit, handOut, wait, retire];
}

/** A document that cannot be read allows no key id. */
function documentOf(text: unknown): { readonly keyIds: readonly unknown[] } {
  try {
    const document = JSON.parse(String(text));
    return Array.isArray(document?.keyIds) ? document : { keyIds: [] };
  } catch {
    return { keyIds: [] };
  }
}

async function byHand(keyId: string, { certificate = '' }: RotationState, statePath: string): Promise<CommandError> {
  const file = `${statePath}.certificate.pem`;
  await replaceFile(file, readCertificate(certificate, 'The new certificate').toString(), 0o644);
  const message = `Give the flows key id ${keyId} and the certificate ${file}, publish them, and run the same command again with --handed-out.`;
  return new CommandError('confirmation_needed', message);
}

function assertRight(name: string, proof: Proof): void {
  if (proof.isRight) return;
  const message = `The new key does not work with ${name}: ${proof.why}. The flows still carry the old key; mend it and run the same command again.`;
  throw new CommandError('conflict', message);
}
