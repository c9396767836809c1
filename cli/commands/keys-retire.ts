import { assertKeyId } from '../../src/internal.ts';
import { type ConnectInstance, connectInstance } from '../connect/instance.ts';
import { CommandError } from '../output/command-error.ts';
import type { Answer, Terminal } from '../output/terminal.ts';
import type { KeyStoreOptions } from '../stores/key-store.ts';
import { openKeyStore } from '../stores/open.ts';

export interface KeysRetireOptions extends KeyStoreOptions {
  readonly instance?: string;
  /** Also remove the private key from the store. */
  readonly deletePrivateKey: boolean;
}

/** Removes a key from Connect, from the store, or from both. */
export async function retireKey(keyId: string, options: KeysRetireOptions, terminal: Terminal): Promise<Answer> {
  assertKeyId(keyId);
  if (options.instance === undefined && !options.deletePrivateKey) {
    throw new CommandError(
      'invalid_option',
      'Pass --instance to remove the key from Connect, --delete-private-key to remove it from the store, or both.',
    );
  }
  const instance = options.instance === undefined ? undefined : await connectInstance(options.instance, options);
  const vault = options.deletePrivateKey ? await openKeyStore(options) : undefined;
  const isUploaded = instance ? await confirmRemoval(keyId, instance, terminal) : false;
  if (vault) {
    const question = `Remove the private key ${keyId} from ${vault.name}? Nobody can then decrypt what was encrypted with it, and contact records may hold such ciphertexts for 24 months.`;
    await terminal.confirm(question);
  }
  if (isUploaded && instance) await terminal.during('Removing the key from Connect', instance.disassociate(keyId));
  const isRemoved =
    vault && (await terminal.during(`Removing the private key from ${vault.name}`, vault.remove(keyId)));
  const connect = instance ? (isUploaded ? 'removed' : 'not found') : 'not changed';
  const contactRecords =
    'Contact records may hold ciphertexts of this key for 24 months. Without its private key, nobody can decrypt them.';
  const privateKey = vault ? (isRemoved ? `removed from ${vault.name}` : `not found in ${vault.name}`) : 'kept';
  return {
    value: { keyId, connect, privateKey: vault ? (isRemoved ? 'removed' : 'not found') : 'kept' },
    text: `key id       ${keyId}\nConnect      ${connect}\nprivate key  ${privateKey}\n${contactRecords}`,
  };
}

/** Asks for confirmation if Connect has the key, and returns whether it has. */
async function confirmRemoval(keyId: string, instance: ConnectInstance, terminal: Terminal): Promise<boolean> {
  const keys = await terminal.during('Reading the security keys', instance.securityKeys());
  if (!keys.some((key) => key.keyId === keyId)) return false;
  const last = keys.length === 1 ? ' It is the only key, so every flow that encrypts will fail.' : '';
  await terminal.confirm(
    `Remove key id ${keyId} from Connect instance ${instance.id}? Flows that use it will fail.${last}`,
  );
  return true;
}
