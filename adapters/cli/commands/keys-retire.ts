import { assertKeyId } from '../../../src/keys/key-id.ts';
import { CommandError } from '../command-error.ts';
import { connectInstance } from '../connect-instance.ts';
import type { Answer, Terminal } from '../terminal.ts';
import { openVault, type VaultOptions } from '../vaults/vault.ts';

export interface KeysRetireOptions extends VaultOptions {
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
  const vault = options.deletePrivateKey ? await openVault(options) : undefined;
  const removed =
    options.instance === undefined ? undefined : await takeFromConnect(keyId, options.instance, options, terminal);
  if (vault) {
    await terminal.confirm(
      `Remove the private key ${keyId} from ${vault.name}? What was encrypted with it can then be read by nobody.`,
    );
    await terminal.during(`Removing the private key from ${vault.name}`, vault.remove(keyId));
  }
  const kept = vault ? `removed from ${vault.name}` : 'kept, for what was encrypted with it';
  const connect = { 'was removed': 'removed', 'was not there': 'not there', undefined: 'left alone' }[`${removed}`];
  return {
    value: { keyId, connect, privateKey: vault ? 'removed' : 'kept' },
    text: `${keyId}: in Connect ${connect}; private key ${kept}`,
  };
}

async function takeFromConnect(
  keyId: string,
  instanceId: string,
  options: KeysRetireOptions,
  terminal: Terminal,
): Promise<'was removed' | 'was not there'> {
  const instance = await connectInstance(instanceId, options);
  const keys = await terminal.during('Reading the security keys', instance.securityKeys());
  if (!keys.some((key) => key.keyId === keyId)) return 'was not there';
  const last = keys.length === 1 ? ' It is the only one: flows that encrypt will fail.' : '';
  await terminal.confirm(
    `Remove key id ${keyId} from Connect instance ${instance.id}? Flows that name it will fail.${last}`,
  );
  await terminal.during('Removing the key from Connect', instance.disassociate(keyId));
  return 'was removed';
}
