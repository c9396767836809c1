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

/** What is known of one key id, in Connect and in a store. */
export interface ListedKey {
  readonly keyId: string;
  /** When it was uploaded; `null` where Connect does not hold it, `undefined` where Connect was not asked. */
  readonly connect: string | null | undefined;
  readonly privateKey: 'stored' | 'missing' | 'unusable' | 'of another key';
  readonly certificate: CertificateAge | 'missing' | 'unreadable' | 'of another key' | 'holds a private key';
  readonly certificateDaysLeft?: number;
  /** What to do, if anything. */
  readonly mend: readonly string[];
}

/** Connect's keys beside those of a store: what is missing where, and when certificates end. */
export async function listKeys(options: KeysListOptions, terminal: Terminal): Promise<Answer> {
  if (options.instance === undefined) assertDirectory(options.store);
  const vault = await openKeyStore(options);
  const keys = await terminal.during('Reading keys and certificates', readKeys(options, vault));
  const isInOrder = keys.every(({ mend }) => mend.length === 0);
  return {
    value: { store: vault.name, keys },
    text: keys.length === 0 ? `No keys in ${vault.name}.` : describe(keys),
    exitCode: isInOrder ? exitCodes.done : exitCodes.findings,
  };
}

/** Beside an instance, a directory that is not there yet is one without keys; alone, it is mistyped. */
function assertDirectory(store: string): void {
  const directory = store.match(/^directory:(.+)$/)?.[1];
  if (directory === undefined || existsSync(directory)) return;
  const message = `There is no directory ${directory}; check --store, or make a first key with "flow-keys keys create --store ${store}".`;
  throw new CommandError('unreadable_file', message);
}

async function readKeys(options: KeysListOptions, vault: WritableKeyStore): Promise<readonly ListedKey[]> {
  const instance = options.instance === undefined ? undefined : await connectInstance(options.instance, options);
  const [uploaded, stored] = await Promise.all([instance?.securityKeys(), vault.keyIds()]);
  // Connect's first.
  const keyIds = [...new Set([...(uploaded ?? []).map(({ keyId }) => keyId), ...[...stored].sort()])];
  return Promise.all(
    keyIds.map((keyId) =>
      readListedKey(vault, keyId, uploaded && (uploaded.find((key) => key.keyId === keyId) ?? null)),
    ),
  );
}

/** @param uploaded Connect's key of that id; `null` where there is none, `undefined` where Connect was not asked */
async function readListedKey(
  vault: WritableKeyStore,
  keyId: string,
  uploaded: SecurityKey | null | undefined,
): Promise<ListedKey> {
  // A key that the store refuses to give must not hide the others.
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
  return { ...listed, mend: mendings(listed) };
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

/** The public key of a stored private key; `undefined` where that is unusable. */
async function publicKeyIn(pem: string, keyId: string): Promise<KeyObject | undefined> {
  try {
    return createPublicKey(await privateKeyIn(pem, keyId));
  } catch {
    return undefined;
  }
}

/** Whether it is this key's file that cannot be had, and not the store. */
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
    const left = daysLeftOf(certificate);
    if (publicKey && !isSameKey(certificate.publicKey, publicKey)) return { certificate: 'of another key' };
    return { certificate: ageOf(certificate), certificateDaysLeft: left };
  } catch {
    return { certificate: 'unreadable' };
  }
}

function mendings({ keyId, connect, privateKey, certificate }: Omit<ListedKey, 'mend'>): readonly string[] {
  // What Connect does not hold encrypts nothing new: its key is kept for what was stored, or waits to be uploaded.
  if (connect === null) return [];
  const mend: string[] = [];
  if (privateKey === 'missing') mend.push(`store the private key of ${keyId}: nothing under it can be decrypted`);
  if (privateKey === 'unusable')
    mend.push(`replace the unusable private key of ${keyId}; "flow-keys doctor --key-id ${keyId}" says what it is`);
  if (privateKey === 'of another key')
    mend.push(`replace the private key of ${keyId}: it does not belong to Connect's public key`);
  if (certificate === 'expired' || certificate === 'expiring') {
    mend.push(
      `rotate ${keyId} with "flow-keys rotate": its certificate ${certificate === 'expired' ? 'has expired' : 'ends soon'}`,
    );
  }
  if (certificate === 'missing') mend.push(`store the certificate of ${keyId}, so that its end can be watched`);
  if (certificate === 'holds a private key')
    mend.push(
      `store the certificate of ${keyId} alone and rotate the key: the private key beside it is public to all who may read certificates`,
    );
  if (certificate === 'unreadable' || certificate === 'of another key' || certificate === 'not yet valid')
    mend.push(`replace the certificate of ${keyId}: it is ${certificate}`);
  return mend;
}

const good: ReadonlySet<string> = new Set(['stored', 'valid']);

function describe(keys: readonly ListedKey[]): string {
  const rows = keys.map(({ keyId, connect, privateKey, certificate, certificateDaysLeft }) => [
    keyId,
    connect === undefined ? 'not asked' : connect === null ? 'no' : connect.slice(0, 10),
    privateKey,
    certificateDaysLeft === undefined ? certificate : `${certificate}, ${certificateDaysLeft} days`,
  ]);
  const [heading = '', ...lines] = table([['KEY ID', 'IN CONNECT', 'PRIVATE KEY', 'CERTIFICATE'], ...rows]).split('\n');
  const marked = lines.map((line, index) => {
    const key = keys[index];
    const isGood = key && good.has(key.privateKey) && good.has(key.certificate);
    return isGood ? line : coloured('yellow', line);
  });
  return [
    coloured('bold', heading),
    ...marked,
    ...keys.flatMap(({ mend }) => mend.map((line) => printable(`To do: ${line}.`))),
  ].join('\n');
}
