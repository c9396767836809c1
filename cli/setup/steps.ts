import { createPublicKey } from 'node:crypto';
import { callFlow, compareSettings, type FlowDocument, functionSettings, writeFlow } from '../../src/flow/index.ts';
import { examine } from '../commands/doctor.ts';
import { encryptWithCertificate } from '../commands/flow-try.ts';
import { associateAndStore } from '../commands/keys-associate.ts';
import { makeKey } from '../commands/keys-create.ts';
import { lambdaFunction } from '../connect/flow/functions.ts';
import { assertPublishable, findFlow, publish, typeOf } from '../connect/flow/publish.ts';
import type { DescribedFlow } from '../connect/flow/written.ts';
import type { ConnectInstance } from '../connect/instance.ts';
import { policyFinding } from '../doctor/function.ts';
import { type CertificateOptions, selfSignedCertificate } from '../keys/certificate.ts';
import { isSameKey, type KeySize, keyPairOf, privateKeyIn } from '../keys/key-pair.ts';
import type { LambdaFunction } from '../lambda-function.ts';
import { CommandError } from '../output/command-error.ts';
import type { Step } from '../output/plan.ts';
import { printable, type Terminal } from '../output/terminal.ts';
import type { KeyStoreOptions, WritableKeyStore } from '../stores/key-store.ts';
import { sampleInput } from './sample-inputs.ts';

/** What the steps need. */
export interface Setup extends CertificateOptions {
  readonly instance: ConnectInstance;
  readonly vault: WritableKeyStore;
  readonly lambda: LambdaFunction;
  readonly described: DescribedFlow;
  readonly bits: KeySize;
  /** The key for the flow. Default: a key that both the instance and the store have. */
  readonly keyId: string | undefined;
  readonly store: KeyStoreOptions;
  readonly terminal: Terminal;
}

/** One step. It can be repeated after an interruption, because all its state is in AWS. */
export interface SetupStep extends Step<undefined> {
  isDone(): Promise<boolean>;
  /** @returns the outcome in a few words */
  run(): Promise<string>;
}

interface Key {
  readonly keyId: string;
  readonly privateKey: string;
  readonly certificate: string | undefined;
}

/** The steps from an instance and a deployed function to a working flow, in order. */
export function setupSteps(setup: Setup): readonly SetupStep[] {
  const { instance, vault, lambda, described, bits, terminal } = setup;
  const { name, fields } = described;
  const settings = functionSettings(fields);

  async function keyIn(keyId: string): Promise<Key | undefined> {
    const [privateKey] = await vault.privateKeys(keyId, {});
    return privateKey === undefined ? undefined : { keyId, privateKey, certificate: await vault.certificate(keyId) };
  }

  /** The newest key that both the instance and the store have. */
  async function usableKey(): Promise<Key | undefined> {
    const held = await instance.securityKeys();
    const asked = setup.keyId === undefined ? held : held.filter(({ keyId }) => keyId === setup.keyId);
    const newestFirst = asked.toSorted((one, other) => (other.createdAt ?? '').localeCompare(one.createdAt ?? ''));
    for (const { keyId } of newestFirst) {
      const key = await keyIn(keyId);
      if (key?.certificate !== undefined) return key;
    }
    return undefined;
  }

  /** A key under a provisional id, from before its upload, or left over after it. */
  async function provisionalKey(): Promise<Key | undefined> {
    const ids = (await vault.keyIds()).filter((id) => id.startsWith('new-')).toSorted();
    for (const id of ids) {
      const key = await keyIn(id);
      if (key !== undefined) return key;
    }
    return undefined;
  }

  async function requiredKey(): Promise<Key & { readonly certificate: string }> {
    const key = await usableKey();
    if (key?.certificate !== undefined) return { ...key, certificate: key.certificate };
    const message = `${vault.name} does not return the key yet; run the same command again in a minute.`;
    throw new CommandError('conflict', message);
  }

  async function flow(): Promise<FlowDocument> {
    const { keyId, certificate } = await requiredKey();
    return writeFlow({ ...described, keyId, certificate, functionArn: lambda.arn });
  }

  const create: SetupStep = {
    name: 'key',
    plan: `create an RSA-${bits} key pair and a certificate for ${setup.days} days; the private key is stored only in ${vault.name}`,
    isDone: async () => (await usableKey()) !== undefined || (await provisionalKey()) !== undefined,
    async run() {
      if (setup.keyId !== undefined) {
        const message = `Key id ${setup.keyId} is not in both instance ${instance.id} and ${vault.name}; omit --key-id to create a new key, or list the keys with "flow-keys keys list".`;
        throw new CommandError('conflict', message);
      }
      const key = await makeKey(setup);
      await vault.store(key.keyId, key);
      return `${key.keyId} is in ${vault.name}`;
    },
  };

  /** The provisional key, if it is the same key as the usable one. */
  async function leftOver(usable: Key | undefined): Promise<Key | undefined> {
    const provisional = usable && (await provisionalKey());
    if (provisional === undefined || usable === undefined) return undefined;
    const publicKey = async (key: Key) => createPublicKey(await privateKeyIn(key.privateKey, key.keyId));
    return isSameKey(await publicKey(usable), await publicKey(provisional)) ? provisional : undefined;
  }

  const upload: SetupStep = {
    name: 'upload',
    plan: `upload the public key to instance ${instance.id}, and store the private key under its key id`,
    question: `Upload the public key to instance ${instance.id}?`,
    async isDone() {
      const usable = await usableKey();
      return usable !== undefined && (await leftOver(usable)) === undefined;
    },
    async run() {
      const usable = await usableKey();
      const provisional = usable === undefined ? await provisionalKey() : await leftOver(usable);
      if (provisional === undefined) return `key id ${(await requiredKey()).keyId}`;
      const pair = keyPairOf(await privateKeyIn(provisional.privateKey, provisional.keyId));
      const certificate = provisional.certificate ?? (await selfSignedCertificate(pair.privateKey, setup));
      const keyId = await associateAndStore({ instance, vault, pair, certificate });
      await vault.remove(provisional.keyId);
      return `key id ${keyId}`;
    },
  };

  const configure: SetupStep = {
    name: 'settings',
    plan: `set ${Object.entries(settings)
      .map(([setting, value]) => `${setting}=${/\s/.test(value) ? `"${value}"` : value}`)
      .join(' ')} on function ${lambda.name}`,
    question: `Change these settings of function ${lambda.name}? Other settings do not change.`,
    async isDone() {
      const draft = writeFlow({ ...described, keyId: 'key', certificate: 'certificate', functionArn: lambda.arn });
      return compareSettings(draft, (await lambda.configuration()).environment).length === 0;
    },
    async run() {
      await lambda.configure(settings);
      return `function ${lambda.name} is configured`;
    },
  };

  const permit: SetupStep = {
    name: 'permission',
    plan: `let instance ${instance.id} invoke the function`,
    question: `Let instance ${instance.id} invoke function ${lambda.name}?`,
    isDone: async () => policyFinding(lambda.name, await lambda.policy(), instance.id).state === 'ok',
    async run() {
      await lambda.permit(instance.id);
      return 'allowed by its policy';
    },
  };

  const associate: SetupStep = {
    name: 'association',
    plan: `associate the function with instance ${instance.id}, so that flows can use it`,
    question: `Associate function ${lambda.name} with instance ${instance.id}?`,
    isDone: async () => (await instance.lambdaFunctions()).includes(lambda.arn),
    async run() {
      await instance.associateFunction(lambda.arn);
      return `instance ${instance.id} lists it`;
    },
  };

  const publishFlow: SetupStep = {
    name: 'flow',
    plan: `write, check and publish ${described.form?.kind === 'module' ? 'module' : 'flow'} "${printable(name)}"`,
    asks: true,
    isDone: async () => false,
    async run() {
      const document = await flow();
      const publication = { name, type: typeOf(document), flow: document };
      await assertPublishable(publication, instance, setup.store, terminal);
      const { id, what, former } = await publish(publication, instance, terminal);
      return `${what}, id ${id}${former === undefined ? '' : `; the previous content is in ${former}`}`;
    },
  };

  const doctor: SetupStep = {
    name: 'doctor',
    plan: 'check key, certificate, function and settings with a test input, which is decrypted but not used',
    isDone: async () => false,
    async run() {
      const { keyId } = await requiredKey();
      const listed = await findFlow({ name, type: typeOf(await flow()) }, instance);
      const findings = await examine(undefined, {
        ...setup.store,
        ...{ keyId, instance: instance.id, function: lambda.arn },
        ...(listed && { flow: listed.id }),
      });
      const problems = findings.filter(({ state }) => state === 'problem');
      const [first] = problems;
      if (first === undefined) return `${findings.filter(({ state }) => state === 'ok').length} checks passed`;
      const lines = problems.map(({ check, detail }) => printable(`${check}: ${detail}`)).join('\n');
      throw new CommandError('conflict', `${lines}\nFix first: ${printable(first.fix ?? '')}`);
    },
  };

  const call: SetupStep = {
    name: 'call',
    plan: 'play a call through the flow with test inputs, which the function uses like real ones',
    question: `Invoke function ${lambda.name} with test inputs? It uses them like real ones, for example to charge a card.`,
    isDone: async () => false,
    async run() {
      const { end, heard } = await callFlow(await flow(), {
        pressKeys({ block }) {
          const field = fields.find((each) => block === `Ask for ${each.name}`);
          return { keys: field === undefined ? '1' : `${sampleInput(field)}${described.terminator ?? '#'}` };
        },
        encrypt: encryptWithCertificate,
        invoke: lambdaFunction(lambda.arn, setup.store),
      });
      const last = printable(heard.at(-1) ?? '');
      if (['disconnected', 'flow-ended', 'transferred'].includes(end.kind)) return `the last message was: ${last}`;
      throw new CommandError('conflict', `The call ended at "${printable(end.block)}": ${printable(end.why)}.`);
    },
  };

  return [create, upload, configure, permit, associate, publishFlow, doctor, call];
}
