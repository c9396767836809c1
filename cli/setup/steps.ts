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
import { printable, type Terminal } from '../output/terminal.ts';
import type { KeyStoreOptions, WritableKeyStore } from '../stores/key-store.ts';
import { sampleInput } from './sample-inputs.ts';

/** What the steps work on, and with. */
export interface Setup extends CertificateOptions {
  readonly instance: ConnectInstance;
  readonly vault: WritableKeyStore;
  readonly lambda: LambdaFunction;
  readonly described: DescribedFlow;
  readonly bits: KeySize;
  /** The key that the flow is to name. Default: the one that the instance and the store both have. */
  readonly keyId: string | undefined;
  readonly store: KeyStoreOptions;
  readonly terminal: Terminal;
}

/** One step, which can be done again at whatever point it was interrupted: all of its state is in AWS. */
export interface SetupStep {
  readonly name: string;
  /** As the plan says it. */
  readonly plan: string;
  /** What to ask before it. */
  readonly question?: string;
  isDone(): Promise<boolean>;
  /** @returns what came of it, in a few words */
  run(): Promise<string>;
}

interface Key {
  readonly keyId: string;
  readonly privateKey: string;
  readonly certificate: string | undefined;
}

/** From an instance and a deployed function to a flow that works, in this order. */
export function setupSteps(setup: Setup): readonly SetupStep[] {
  const { instance, vault, lambda, described, bits, terminal } = setup;
  const { name, fields } = described;
  const settings = functionSettings(fields);

  async function keyIn(keyId: string): Promise<Key | undefined> {
    const [privateKey] = await vault.privateKeys(keyId, {});
    return privateKey === undefined ? undefined : { keyId, privateKey, certificate: await vault.certificate(keyId) };
  }

  /** The key that the instance holds, and the store, too. */
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

  /** A key that was made and that Connect has not named yet; of one that it has, only the rest. */
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
    const message = `${vault.name} does not show the key yet; run the same command again in a minute.`;
    throw new CommandError('conflict', message);
  }

  async function flow(): Promise<FlowDocument> {
    const { keyId, certificate } = await requiredKey();
    return writeFlow({ ...described, keyId, certificate, functionArn: lambda.arn });
  }

  const create: SetupStep = {
    name: 'key',
    plan: `make an RSA-${bits} key pair and a certificate for ${setup.days} days; the private key goes to ${vault.name} only`,
    isDone: async () => (await usableKey()) !== undefined || (await provisionalKey()) !== undefined,
    async run() {
      if (setup.keyId !== undefined) {
        const message = `Instance ${instance.id} and ${vault.name} do not both hold key id ${setup.keyId}; leave --key-id out to make a new key, or see "flow-keys keys list".`;
        throw new CommandError('conflict', message);
      }
      const key = await makeKey(setup);
      await vault.store(key.keyId, key);
      return `${key.keyId} is in ${vault.name}`;
    },
  };

  /** The provisional key that became the usable one. */
  async function leftOver(usable: Key | undefined): Promise<Key | undefined> {
    const provisional = usable && (await provisionalKey());
    if (provisional === undefined || usable === undefined) return undefined;
    const [one, other] = await Promise.all(
      [usable, provisional].map(async (key) => createPublicKey(await privateKeyIn(key.privateKey, key.keyId))),
    );
    return one !== undefined && other !== undefined && isSameKey(one, other) ? provisional : undefined;
  }

  const upload: SetupStep = {
    name: 'upload',
    plan: `give the public key to instance ${instance.id}, and store the private key under the id that it gets`,
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
    question: `Change these settings of function ${lambda.name}? Its other settings stay as they are.`,
    async isDone() {
      const draft = writeFlow({ ...described, keyId: 'key', certificate: 'certificate', functionArn: lambda.arn });
      return compareSettings(draft, (await lambda.configuration()).environment).length === 0;
    },
    async run() {
      await lambda.configure(settings);
      return `function ${lambda.name} has them`;
    },
  };

  const permit: SetupStep = {
    name: 'permission',
    plan: `let instance ${instance.id} invoke the function`,
    question: `Let instance ${instance.id} invoke function ${lambda.name}?`,
    isDone: async () => policyFinding(lambda.name, await lambda.policy(), instance.id).state === 'ok',
    async run() {
      await lambda.permit(instance.id);
      return 'its policy says so';
    },
  };

  const associate: SetupStep = {
    name: 'association',
    plan: 'offer the function to the flows of the instance',
    question: `Offer function ${lambda.name} to the flows of instance ${instance.id}?`,
    isDone: async () => (await instance.lambdaFunctions()).includes(lambda.arn),
    async run() {
      await instance.associateFunction(lambda.arn);
      return `instance ${instance.id} lists it`;
    },
  };

  const publishFlow: SetupStep = {
    name: 'flow',
    plan: `write, check and publish ${described.form?.kind === 'module' ? 'module' : 'flow'} "${printable(name)}"`,
    isDone: async () => false,
    async run() {
      const document = await flow();
      const publication = { name, type: typeOf(document), flow: document };
      await assertPublishable(publication, instance, setup.store, terminal);
      const { id, what, former } = await publish(publication, instance, terminal);
      return `${what}, id ${id}${former === undefined ? '' : `; the former content is in ${former}`}`;
    },
  };

  const doctor: SetupStep = {
    name: 'doctor',
    plan: 'check key, certificate, function and settings, with a fresh input that is decrypted and not used',
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
      throw new CommandError('conflict', `${lines}\nTo mend first: ${printable(first.mend ?? '')}`);
    },
  };

  const call: SetupStep = {
    name: 'call',
    plan: 'play a call through the flow with test inputs, which the function uses as those of a caller',
    question: `Invoke function ${lambda.name} with test inputs? What it does with inputs, such as a charge, it does with these.`,
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
      if (['disconnected', 'flow-ended', 'transferred'].includes(end.kind)) return `the caller heard last: ${last}`;
      throw new CommandError('conflict', `The call ended at "${printable(end.block)}": ${printable(end.why)}.`);
    },
  };

  return [create, upload, configure, permit, associate, publishFlow, doctor, call];
}
