import { assertKeyId } from '../../src/internal.ts';
import { type ConnectInstance, connectInstance } from '../connect/instance.ts';
import { CommandError } from '../output/command-error.ts';
import type { Answer, Terminal } from '../output/terminal.ts';
import type { KeyStoreOptions } from '../stores/key-store.ts';
import { openKeyStore } from '../stores/open.ts';

export interface KeysRetireOptions extends KeyStoreOptions {
  readonly instance?: string;
  /** Remove the private key from the store too. */
  readonly deletePrivateKey: boolean;
}

/** Takes a key from Connect, so that nothing is encrypted with it any more; and from the store, if asked. */
export async function retireKey(keyId: string, options: KeysRetireOptions, terminal: Terminal): Promise<Answer> {
  assertKeyId(keyId);
  if (options.instance === undefined && !options.deletePrivateKey) {
    throw new CommandError(
      'invalid_option',
      'Pass --instance to take the key from Connect, --delete-private-key to remove it from the store, or both.',
    );
  }
  const instance = options.instance === undefined ? undefined : await connectInstance(options.instance, options);
  const vault = options.deletePrivateKey ? await openKeyStore(options) : undefined;
  const isUploaded = instance ? await confirmRemoval(keyId, instance, terminal) : false;
  if (vault) {
    const question = `Remove the private key ${keyId} from ${vault.name}? What was encrypted with it can then be read by nobody; contact records may hold such ciphertexts for 24 months.`;
    await terminal.confirm(question);
  }
  if (isUploaded)
    await terminal.during('Removing the key from Connect', instance?.disassociate(keyId) ?? Promise.resolve());
  const isRemoved =
    vault && (await terminal.during(`Removing the private key from ${vault.name}`, vault.remove(keyId)));
  const connect = instance ? (isUploaded ? 'removed' : 'not there') : 'left alone';
  const contactRecords =
    'Contact records may hold ciphertexts of this key for 24 months: without its private key nobody can read them.';
  const privateKey = vault ? (isRemoved ? `removed from ${vault.name}` : `not there, in ${vault.name}`) : 'kept';
  return {
    value: { keyId, connect, privateKey: vault ? (isRemoved ? 'removed' : 'not there') : 'kept' },
    text: `${keyId}: in Connect ${connect}; private key ${privateKey}\n${contactRecords}`,
  };
}

/** Asks, if there is something to remove; and says whether there is. */
async function confirmRemoval(keyId: string, instance: ConnectInstance, terminal: Terminal): Promise<boolean> {
  const keys = await terminal.during('Reading the security keys', instance.securityKeys());
  if (!keys.some((key) => key.keyId === keyId)) return false;
  const last = keys.length === 1 ? ' It is the only one: flows that encrypt will fail.' : '';
  await terminal.confirm(
    `Remove key id ${keyId} from Connect instance ${instance.id}? Flows that name it will fail.${last}`,
  );
  return true;
}
