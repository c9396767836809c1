import { createPublicKey } from 'node:crypto';
import { FlowKeysError } from '../../src/index.ts';
import { type ConnectInstance, connectInstance, maxSecurityKeys, type SecurityKey } from '../connect/instance.ts';
import { readKeyFile } from '../files.ts';
import { certificateOfKey } from '../keys/certificate.ts';
import { isSameKey, type KeyPair, keyPairOf, privateKeyIn, publicKeyOf } from '../keys/key-pair.ts';
import { decryptedKeyText, type PassphraseOptions } from '../keys/private-key-text.ts';
import { CommandError } from '../output/command-error.ts';
import type { Answer, Terminal } from '../output/terminal.ts';
import { type KeyStoreOptions, storeArguments, type WritableKeyStore } from '../stores/key-store.ts';
import { openKeyStore } from '../stores/open.ts';

export interface KeysAssociateOptions extends KeyStoreOptions, PassphraseOptions {
  readonly instance: string;
  /** A file, or the id `new-…` that `keys create --store` printed. */
  readonly privateKey: string;
  readonly certificate?: string;
}

/** Uploads a public key to Connect, and stores the private key under the key id that Connect assigns. */
export async function associateKey(options: KeysAssociateOptions, terminal: Terminal): Promise<Answer> {
  const vault = await openKeyStore(options);
  const { pair, certificate, provisionalId } = await readKey(options, vault, terminal);
  const instance = await connectInstance(options.instance, options);
  const work = associateAndStore({ instance, vault, pair, certificate });
  const keyId = await terminal.during('Uploading the public key and storing the private key', work);
  if (provisionalId !== undefined) await vault.remove(provisionalId);
  return {
    value: { keyId, instance: instance.id, store: vault.name },
    quiet: keyId,
    text: `key id  ${keyId}\nThe private key is in ${vault.name}. Write a flow with it: flow-keys flow write --key-id ${keyId} --function <name or ARN> --field card${storeArguments(options)}`,
  };
}

/**
 * Uploads a public key unless the instance has it, and stores the private key under its key id. Can be repeated after an
 * interruption.
 *
 * @throws CommandError `conflict` if the instance has two other keys
 */
export async function associateAndStore({
  instance,
  vault,
  pair,
  certificate,
}: {
  readonly instance: ConnectInstance;
  readonly vault: WritableKeyStore;
  readonly pair: KeyPair;
  readonly certificate: string;
}): Promise<string> {
  const keys = await instance.securityKeys();
  const known = keyIdOf(pair.publicKey, keys);
  if (known === undefined) assertRoom(instance.id, keys);
  const keyId = known ?? (await instance.associate(pair.publicKey));
  await vault.store(keyId, { privateKey: pair.privateKey, certificate });
  return keyId;
}

/** The key id of a public key in Connect. */
export function keyIdOf(publicKey: string, keys: readonly SecurityKey[]): string | undefined {
  const wanted = createPublicKey(publicKey);
  return keys.find((key) => isSameKey(publicKeyOf(key.publicKey, `Connect's key ${key.keyId}`), wanted))?.keyId;
}

async function readKey(
  options: KeysAssociateOptions,
  vault: WritableKeyStore,
  terminal: Terminal,
): Promise<{ readonly pair: KeyPair; readonly certificate: string; readonly provisionalId?: string }> {
  const { privateKey, certificate } = options;
  const isProvisional = /^new-[0-9a-f]{16}$/.test(privateKey);
  const [pem] = isProvisional
    ? await vault.privateKeys(privateKey, {})
    : [await decryptedKeyText(await readKeyFile(privateKey, 'the private key'), options, terminal)];
  if (pem === undefined) {
    const message = `${vault.name} has no private key ${privateKey}; "flow-keys keys list${storeArguments(options)}" shows what it has.`;
    throw new FlowKeysError('unknown_key', message);
  }
  const pair = keyPairOf(await privateKeyIn(pem, privateKey));
  const text =
    certificate === undefined
      ? await vaultCertificate(vault, isProvisional, privateKey)
      : await readKeyFile(certificate, 'the certificate');
  const own = certificateOfKey(text, pair, terminal);
  return { pair, certificate: own, ...(isProvisional && { provisionalId: privateKey }) };
}

async function vaultCertificate(vault: WritableKeyStore, isProvisional: boolean, keyId: string): Promise<string> {
  const certificate = isProvisional ? await vault.certificate(keyId) : undefined;
  if (certificate !== undefined) return certificate;
  throw new CommandError('invalid_option', 'Pass --certificate: it is stored with the key, to watch when it expires.');
}

/** @throws CommandError `conflict` if the instance already has as many keys as Connect allows */
export function assertRoom(instanceId: string, keys: readonly SecurityKey[]): void {
  if (keys.length < maxSecurityKeys) return;
  const ids = keys.map(({ keyId }) => keyId).join(' and ');
  const message = `Instance ${instanceId} already has ${keys.length} security keys, ${ids}, the most that Connect allows. Retire the one that no flow uses with "flow-keys keys retire".`;
  throw new CommandError('conflict', message);
}
