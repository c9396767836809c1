import { createPublicKey } from 'node:crypto';
import type { KeyStore } from '../../src/index.ts';
import type { AwsOptions } from '../aws.ts';
import { isSameKey, privateKeyIn } from '../keys/key-pair.ts';
import { CommandError } from '../output/command-error.ts';

/** A key store as its keeper sees it: it can be listed and written to, and holds certificates beside keys. */
export interface WritableKeyStore extends KeyStore {
  /** As people call it: `SSM parameters under /amazon-connect/encryption`. */
  readonly name: string;
  /** The ids under which there is a private key or a certificate. */
  keyIds(): Promise<readonly string[]>;
  /** PEM text. */
  certificate(keyId: string): Promise<string | undefined>;
  /**
   * Stores both. What is there already and is the same is left alone, so that it can be done again.
   *
   * @throws CommandError `conflict` where another private key is stored under the id
   */
  store(keyId: string, key: StoredKey): Promise<void>;
  /** Removes both, and says whether there was anything. */
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
  /** What stands before the key id in a parameter's or a secret's name. */
  readonly prefix?: string;
  /** The KMS key that encrypts parameters and secrets. */
  readonly kmsKey?: string;
}

/** The options that name a store, as a command has them: to be put into the next one. */
export function storeArguments({ store, prefix, region, profile }: KeyStoreOptions): string {
  const options = Object.entries({ store: store === 'ssm' ? undefined : store, prefix, region, profile });
  return options.flatMap(([name, value]) => (value === undefined ? [] : [` --${name} ${value}`])).join('');
}

/** @throws CommandError `conflict` unless the stored text is the same private key */
export async function assertSamePrivateKey(keyId: string, stored: string, offered: string): Promise<void> {
  if (await isSamePrivateKey(stored, offered)) return;
  const message = `Another private key is stored under key id ${keyId}, and is left alone; remove it with "flow-keys keys retire ${keyId} --delete-private-key" (and the same --store) if it is not in use.`;
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
