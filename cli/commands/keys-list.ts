import { createPublicKey, type KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import { FlowKeysError } from '../../src/index.ts';
import { type CertificateAge, holdsPrivateKey } from '../../src/internal.ts';
import { connectInstance, type SecurityKey } from '../connect/instance.ts';
import { ageOf, daysLeftOf, readCertificate } from '../keys/certificate.ts';
import { isSameKey, privateKeyIn, publicKeyOf } from '../keys/key-pair.ts';
import { CommandError, exitCodes } from '../output/command-error.ts';
import { type Answer, coloured, printable, type Terminal, table } from '../output/terminal.ts';
import type { KeyStoreOptions, WritableKeyStore } from '../stores/key-store.ts';
import { openKeyStore } from '../stores/open.ts';

export interface KeysListOptions extends KeyStoreOptions {
  readonly instance?: string;
}

/** The state of one key id in Connect and in a store. */
export interface ListedKey {
  readonly keyId: string;
  /** When it was uploaded; `null` if Connect does not have it, `undefined` if Connect was not asked. */
  readonly connect: string | null | undefined;
  readonly privateKey: 'stored' | 'missing' | 'unusable' | 'of another key';
  readonly certificate: CertificateAge | 'missing' | 'unreadable' | 'of another key' | 'holds a private key';
  readonly certificateDaysLeft?: number;
  /** What to do, if anything. */
  readonly fixes: readonly string[];
}

/** Compares the keys in Connect and in a store: what is missing, and when certificates expire. */
export async function listKeys(options: KeysListOptions, terminal: Terminal): Promise<Answer> {
  if (options.instance === undefined) assertDirectory(options.store);
  const vault = await openKeyStore(options);
  const keys = await terminal.during('Reading keys and certificates', readKeys(options, vault));
  const isInOrder = keys.every(({ fixes }) => fixes.length === 0);
  return {
    value: { store: vault.name, keys },
    text: keys.length === 0 ? `No keys in ${vault.name}.` : describe(keys),
    exitCode: isInOrder ? exitCodes.done : exitCodes.findings,
  };
}

/** With an instance, a missing directory is a store without keys. Without one, it is a typo. */
function assertDirectory(store: string): void {
  const directory = store.match(/^directory:(.+)$/)?.[1];
  if (directory === undefined || existsSync(directory)) return;
  const message = `There is no directory ${directory}; check --store, or create a first key with "flow-keys keys create --store ${store}".`;
  throw new CommandError('unreadable_file', message);
}

async function readKeys(options: KeysListOptions, vault: WritableKeyStore): Promise<readonly ListedKey[]> {
  const instance = options.instance === undefined ? undefined : await connectInstance(options.instance, options);
  const [uploaded, stored] = await Promise.all([instance?.securityKeys(), vault.keyIds()]);
  // Keys in Connect come first.
  const keyIds = [...new Set([...(uploaded ?? []).map(({ keyId }) => keyId), ...[...stored].sort()])];
  return Promise.all(
    keyIds.map((keyId) =>
      readListedKey(vault, keyId, uploaded && (uploaded.find((key) => key.keyId === keyId) ?? null)),
    ),
  );
}

/** @param uploaded the key in Connect; `null` if it has none, `undefined` if Connect was not asked */
async function readListedKey(
  vault: WritableKeyStore,
  keyId: string,
  uploaded: SecurityKey | null | undefined,
): Promise<ListedKey> {
  // A key that the store refuses must not hide the others.
  const readable = vault
    .privateKeys(keyId, {})
    .catch((error: unknown) => (isOfOneKey(error) ? ['refused'] : Promise.reject(error)));
  const [[pem], certificate] = await Promise.all([readable, vault.certificate(keyId)]);
  const publicKey = uploaded ? publicKeyOf(uploaded.publicKey, `Connect's key ${keyId}`) : undefined;
  const own = pem === undefined ? undefined : await publicKeyIn(pem, keyId);
  const privateKey = privateKeyState(pem, own, publicKey);
  const reference = publicKey ?? own;
  const certified = certificateState(certificate, reference);
  const listed = { keyId, connect: uploaded && (uploaded.createdAt ?? 'yes'), privateKey, ...certified };
  return { ...listed, fixes: fixesOf(listed) };
}

function privateKeyState(
  pem: string | undefined,
  own: KeyObject | undefined,
  uploaded: KeyObject | undefined,
): ListedKey['privateKey'] {
  if (pem === undefined) return 'missing';
  if (own === undefined) return 'unusable';
  return uploaded && !isSameKey(own, uploaded) ? 'of another key' : 'stored';
}

/** The public key of a stored private key; `undefined` if it is unusable. */
async function publicKeyIn(pem: string, keyId: string): Promise<KeyObject | undefined> {
  try {
    return createPublicKey(await privateKeyIn(pem, keyId));
  } catch {
    return undefined;
  }
}

/** Whether the store refused only this key. */
function isOfOneKey(error: unknown): boolean {
  return error instanceof FlowKeysError && error.cause === undefined;
}

function certificateState(
  pem: string | undefined,
  publicKey: KeyObject | undefined,
): Pick<ListedKey, 'certificate' | 'certificateDaysLeft'> {
  if (pem === undefined) return { certificate: 'missing' };
  if (holdsPrivateKey(pem)) return { certificate: 'holds a private key' };
  try {
    const certificate = readCertificate(pem, 'The certificate');
    if (publicKey && !isSameKey(certificate.publicKey, publicKey)) return { certificate: 'of another key' };
    return { certificate: ageOf(certificate), certificateDaysLeft: daysLeftOf(certificate) };
  } catch {
    return { certificate: 'unreadable' };
  }
}

/** What to do for each state of a private key or a certificate that needs something done. */
const fixes: Readonly<Record<string, (keyId: string) => string>> = {
  'private key missing': (id) => `store the private key of ${id}: nothing encrypted with it can be decrypted`,
  'private key unusable': (id) =>
    `replace the unusable private key of ${id}; "flow-keys doctor --key-id ${id}" shows what is wrong with it`,
  'private key of another key': (id) =>
    `replace the private key of ${id}: it does not belong to the public key in Connect`,
  'certificate expired': (id) => `rotate ${id} with "flow-keys rotate": its certificate has expired`,
  'certificate expiring': (id) => `rotate ${id} with "flow-keys rotate": its certificate expires soon`,
  'certificate missing': (id) => `store the certificate of ${id}, to watch when it expires`,
  'certificate holds a private key': (id) =>
    `store only the certificate of ${id}, and rotate the key: everyone who may read certificates can read its private key`,
  'certificate unreadable': (id) => `replace the certificate of ${id}: it is unreadable`,
  'certificate of another key': (id) => `replace the certificate of ${id}: it belongs to another key`,
  'certificate not yet valid': (id) => `replace the certificate of ${id}: it is not yet valid`,
};

function fixesOf({ keyId, connect, privateKey, certificate }: Omit<ListedKey, 'fixes'>): readonly string[] {
  // A key that Connect does not have encrypts nothing new. It is kept for old messages, or not yet uploaded.
  if (connect === null) return [];
  return [`private key ${privateKey}`, `certificate ${certificate}`].flatMap((state) => fixes[state]?.(keyId) ?? []);
}

const good: ReadonlySet<string> = new Set(['stored', 'valid']);

function describe(keys: readonly ListedKey[]): string {
  const rows = keys.map(({ keyId, connect, privateKey, certificate, certificateDaysLeft }) => [
    keyId,
    connect === undefined ? 'not asked' : connect === null ? 'no' : connect.slice(0, 10),
    privateKey,
    certificateDaysLeft === undefined ? certificate : `${certificate}, ${certificateDaysLeft} days`,
  ]);
  const lines = table([['KEY ID', 'IN CONNECT', 'PRIVATE KEY', 'CERTIFICATE'], ...rows], (line, row) => {
    const key = keys[row - 1];
    if (key === undefined) return coloured('bold', line);
    return good.has(key.privateKey) && good.has(key.certificate) ? line : coloured('yellow', line);
  });
  return [lines, ...keys.flatMap((key) => key.fixes.map((fix) => printable(`To do: ${fix}.`)))].join('\n');
}
