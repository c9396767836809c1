import { createPrivateKey } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CertificateOptions, readCertificate } from '../certificate.ts';
import { CommandError } from '../command-error.ts';
import { assertRoom, keyIdOf } from '../commands/keys-associate.ts';
import { makeKey } from '../commands/keys-create.ts';
import type { ConnectInstance } from '../connect-instance.ts';
import { encryptAsConnect } from '../connect-simulator.ts';
import type { ConsumerRegistry } from '../consumer-registry.ts';
import { replaceFile } from '../files.ts';
import { type KeySize, keyPairOf, publicKeyOf, publicPem } from '../key-pair.ts';
import { freshInput, type Proof, proveStore } from '../proof.ts';
import type { KeyVault } from '../vaults/vault.ts';
import { carriesKey, swapKey } from './flow-keys-swap.ts';
import { type RotationState, writeState } from './rotation-state.ts';

// A consumer that is refused a key id is read again if it was not within the last ten seconds: only after those, in
// milliseconds and with one to spare, does what changed count everywhere.
const consumerRefreshAge = 11_000;

/** What the steps work on, and with. */
export interface Rotation extends CertificateOptions {
  readonly instance: ConnectInstance;
  readonly vault: KeyVault;
  /** Where the consumers are that key ids are allowed to; `undefined` where the store has none. */
  readonly consumers: ConsumerRegistry | undefined;
  readonly bits: KeySize;
  /** Ids of the flows that are given the new key. */
  readonly flows: readonly string[];
  /** The flows were given the new key by hand. */
  readonly isHandedOut: boolean;
  readonly waitMinutes: number;
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
    isDone: async (state) => (await isStored(state.provisionalId)) || (await isStored(await newKeyId(state))),
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
      const { provisionalId = '', certificate = '' } = state;
      const keyId = await requiredKeyId(state);
      const [pem] = await vault.privateKeys(provisionalId, {});
      if (pem !== undefined) await vault.store(keyId, { ...keyPairOf(createPrivateKey(pem)), certificate });
      await vault.remove(provisionalId);
      return state;
    },
  };

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
    return admittedAt === undefined ? 0 : Date.parse(admittedAt) + consumerRefreshAge;
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
    isDone: async ({ handedOutAt }) => handedOutAt !== undefined,
    async run(state) {
      const keyId = await requiredKeyId(state);
      if (flows.length === 0 && !rotation.isHandedOut) throw await byHand(keyId, state, statePath);
      for (const flowId of flows) await giveNewKey(flowId, keyId, state);
      return remember({ ...state, flows, handedOutAt: new Date().toISOString() });
    },
  };

  async function giveNewKey(flowId: string, keyId: string, state: RotationState): Promise<void> {
    const { content } = await instance.flow(flowId);
    if (!carriesKey(content, oldKeyId)) {
      if (carriesKey(content, keyId)) return;
      const message = `Flow ${flowId} carries neither key id ${oldKeyId} nor the new one; check --flow, and edit a flow that reads its key from elsewhere by hand.`;
      throw new CommandError('conflict', message);
    }
    const old = (await instance.securityKeys()).find((key) => key.keyId === oldKeyId);
    if (old === undefined)
      throw new CommandError('conflict', `Instance ${instance.id} no longer holds key id ${oldKeyId}.`);
    const oldPublicKey = publicKeyOf(old.publicKey, `Connect's key ${oldKeyId}`);
    const swap = { oldKeyId, oldPublicKey, newKeyId: keyId, newCertificate: state.certificate ?? '' };
    const swapped = swapKey(content, swap);
    await replaceFile(`${statePath}.flow-${flowId}.before.json`, content, 0o644);
    await instance.updateFlow(flowId, swapped);
  }

  const wait: Step = {
    name: 'wait',
    plan: `give calls that began under ${oldKeyId} ${waitMinutes} minutes to end`,
    isDone: async ({ handedOutAt }) => Date.now() >= waitEnd(handedOutAt),
    async run(state) {
      await sleep(Math.max(0, waitEnd(state.handedOutAt) - Date.now()));
      return state;
    },
  };

  function waitEnd(handedOutAt: string | undefined): number {
    return (handedOutAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(handedOutAt)) + waitMinutes * 60_000;
  }

  const retire: Step = {
    name: 'retire',
    plan: `remove ${oldKeyId} from Connect; its private key stays in the store, for what was encrypted with it`,
    question: `Remove key id ${oldKeyId} from Connect? Flows that still name it will fail.`,
    isDone: async () => !(await instance.securityKeys()).some(({ keyId }) => keyId === oldKeyId),
    async run(state) {
      for (const flowId of new Set([...flows, ...(state.flows ?? [])])) {
        if (!carriesKey((await instance.flow(flowId)).content, oldKeyId)) continue;
        const message = `Flow ${flowId} carries key id ${oldKeyId} again; give it the new one before the old key is removed.`;
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
  await replaceFile(file, certificate, 0o644);
  const message = `Give the flows key id ${keyId} and the certificate ${file}, publish them, and run the same command again with --handed-out.`;
  return new CommandError('confirmation_needed', message);
}

function assertRight(name: string, proof: Proof): void {
  if (proof.isRight) return;
  const message = `The new key does not work with ${name}: ${proof.why}. The flows still carry the old key; mend it and run the same command again.`;
  throw new CommandError('conflict', message);
}
