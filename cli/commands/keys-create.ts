import { createPublicKey } from 'node:crypto';
import { rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { assertAbsent, writeNewFile } from '../files.ts';
import { type CertificateOptions, selfSignedCertificate } from '../keys/certificate.ts';
import { fingerprint, generateKeyPair, type KeyPair, type KeySize } from '../keys/key-pair.ts';
import { CommandError } from '../output/command-error.ts';
import type { Answer, Terminal } from '../output/terminal.ts';
import { type KeyStoreOptions, storeArguments, type WritableKeyStore } from '../stores/key-store.ts';
import { openKeyStore } from '../stores/open.ts';

export interface KeysCreateOptions extends CertificateOptions, Omit<KeyStoreOptions, 'store'> {
  readonly bits: KeySize;
  /** Where to write the public key and the certificate, and the private key unless `store` is given. */
  readonly out: string;
  readonly store?: string;
  readonly printPrivateKey: boolean;
}

/** A new key pair, before Connect assigns it a key id. */
export interface NewKey extends KeyPair {
  /** The provisional id `new-…` in the store. */
  readonly keyId: string;
  readonly certificate: string;
}

/** Creates a key pair and its certificate, and stores or prints the private key. */
export async function createKeys(options: KeysCreateOptions, terminal: Terminal): Promise<Answer> {
  const { out, store } = options;
  if (store !== undefined && options.printPrivateKey) {
    const message = 'Pass either --store or --print-private-key: a private key belongs in one place.';
    throw new CommandError('invalid_option', message);
  }
  const vault = store === undefined ? undefined : await openKeyStore({ ...options, store });
  const files = { publicKey: join(out, 'public-key.pem'), certificate: join(out, 'certificate.pem') };
  const privateKeyFile = join(out, 'private-key.pem');
  const isFile = vault === undefined && !options.printPrivateKey;
  assertAbsent([...Object.values(files), ...(isFile ? [privateKeyFile] : [])]);
  const key = await terminal.during('Creating the key pair', makeKey(options));

  await writeNewFile(files.publicKey, key.publicKey, 0o644);
  await writeNewFile(files.certificate, key.certificate, 0o644);
  try {
    if (vault) await terminal.during(`Storing the private key in ${vault.name}`, vault.store(key.keyId, key));
    else if (isFile) await writeNewFile(privateKeyFile, key.privateKey, 0o600);
  } catch (error) {
    // Without the private key, the other files are useless.
    await Promise.all(Object.values(files).map((file) => rm(file, { force: true })));
    await rmdir(out).catch(() => {});
    throw error;
  }

  const stored = vault ? { store: vault.name, keyId: key.keyId } : { file: privateKeyFile };
  const privateKey = options.printPrivateKey ? { printed: key.privateKey } : stored;
  return {
    value: { bits: options.bits, fingerprint: fingerprint(createPublicKey(key.publicKey)), privateKey, ...files },
    quiet: options.printPrivateKey ? key.privateKey.trimEnd() : vault ? key.keyId : privateKeyFile,
    text: describe(options, key, vault, files),
  };
}

/** Creates a key pair. Its provisional id contains the fingerprint of the public key. */
export async function makeKey({
  bits,
  ...certificateOptions
}: CertificateOptions & { readonly bits: KeySize }): Promise<NewKey> {
  const pair = await generateKeyPair(bits);
  const certificate = await selfSignedCertificate(pair.privateKey, certificateOptions);
  return { ...pair, certificate, keyId: `new-${fingerprint(createPublicKey(pair.publicKey)).slice(0, 16)}` };
}

function describe(
  { bits, out, days, printPrivateKey, ...options }: KeysCreateOptions,
  { keyId, privateKey }: NewKey,
  vault: WritableKeyStore | undefined,
  files: { readonly publicKey: string; readonly certificate: string },
): string {
  if (printPrivateKey) return privateKey.trimEnd();
  const file = join(out, 'private-key.pem');
  const source = vault
    ? `${keyId}${storeArguments({ ...options, store: options.store ?? 'ssm' })}`
    : `${file} --certificate ${files.certificate}`;
  return [
    `private key  RSA-${bits}, ${vault ? `${keyId} in ${vault.name}` : `${file} (only you can read it)`}`,
    `public key   ${files.publicKey}`,
    `certificate  ${files.certificate}, for ${days} days`,
    `next         flow-keys keys associate --instance <instance> --private-key ${source}`,
  ].join('\n');
}
