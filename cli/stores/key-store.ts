import { createPublicKey } from 'node:crypto';
import type { KeyStore } from '../../src/index.ts';
import type { AwsOptions } from '../aws.ts';
import { isSameKey, privateKeyIn } from '../keys/key-pair.ts';
import { CommandError } from '../output/command-error.ts';

/** A key store that can be listed and changed. It also holds certificates. */
export interface WritableKeyStore extends KeyStore {
  /** For messages, such as `SSM parameters under /amazon-connect/encryption`. */
  readonly name: string;
  /** The key ids that have a private key or a certificate. */
  keyIds(): Promise<readonly string[]>;
  /** PEM text. */
  certificate(keyId: string): Promise<string | undefined>;
  /**
   * Stores both. Can be repeated: a stored private key that is the same stays as it is.
   *
   * @throws CommandError `conflict` if another private key is stored under the key id
   */
  store(keyId: string, key: StoredKey): Promise<void>;
  /** Removes both, and returns whether there was anything to remove. */
  remove(keyId: string): Promise<boolean>;
}

export interface StoredKey {
  /** PEM text, PKCS#8. */
  readonly privateKey: string;
  /** PEM text. */
  readonly certificate: string;
}

export interface KeyStoreOptions extends AwsOptions {
  /** `ssm`, `secrets-manager`, or `directory:PATH`. */
  readonly store: string;
  /** The part of a parameter's or secret's name before the key id. */
  readonly prefix?: string;
  /** The KMS key that encrypts parameters and secrets. */
  readonly kmsKey?: string;
}

/** The options that name a store, to append to a command that a message suggests. */
export function storeArguments({ store, prefix, region, profile }: KeyStoreOptions): string {
  const options = Object.entries({ store: store === 'ssm' ? undefined : store, prefix, region, profile });
  return options.flatMap(([name, value]) => (value === undefined ? [] : [` --${name} ${value}`])).join('');
}

/** @throws CommandError `conflict` unless the stored text is the same private key */
export async function assertSamePrivateKey(keyId: string, stored: string, offered: string): Promise<void> {
  if (await isSamePrivateKey(stored, offered)) return;
  const message = `Another private key is stored under key id ${keyId}, and was not changed. Remove it with "flow-keys keys retire ${keyId} --delete-private-key" (and the same --store) if it is not in use.`;
  throw new CommandError('conflict', message);
}

async function isSamePrivateKey(one: string, other: string): Promise<boolean> {
  try {
    const [stored, offered] = await Promise.all([privateKeyIn(one, 'the store'), privateKeyIn(other, 'the key')]);
    return isSameKey(createPublicKey(stored), createPublicKey(offered));
  } catch {
    return one === other;
  }
}
