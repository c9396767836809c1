import { createPublicKey } from 'node:crypto';
import { join } from 'node:path';
import { FlowKeysError } from '../../src/index.ts';
import { assertKeyId } from '../../src/internal.ts';
import { assertAbsent, readKeyFile, writeNewFile } from '../files.ts';
import { leafCertificate } from '../keys/certificate.ts';
import { assertRsa, generateKeyPair, type KeySize, keyPairOf, privateKeyIn, publicKeyOf } from '../keys/key-pair.ts';
import { CommandError } from '../output/command-error.ts';
import type { Answer, Terminal } from '../output/terminal.ts';
import { type KeyStoreOptions, storeArguments } from '../stores/key-store.ts';
import { openKeyStore } from '../stores/open.ts';

export interface CertificateIssueOptions extends KeyStoreOptions {
  readonly subject: string;
  readonly days: number;
  readonly bits: KeySize;
  readonly out: string;
  /** The key that signs, from the store. */
  readonly keyId?: string;
  /** A file. With `issuerCertificate`, an alternative to `keyId`. */
  readonly issuerPrivateKey?: string;
  readonly issuerCertificate?: string;
  /** A file with the consumer's public key. Without it, a key pair is created. */
  readonly publicKey?: string;
}

const untried =
  "AWS's documentation implies that Connect encrypts with a certificate signed by an uploaded key. This was not tried on a live instance, so test it on yours first.";

/** Issues a certificate for one consumer, signed by an uploaded key. Only that consumer can then decrypt. */
export async function issueCertificate(options: CertificateIssueOptions, terminal: Terminal): Promise<Answer> {
  const { subject, days, out } = options;
  assertAbsent(
    ['certificate.pem', ...(options.publicKey === undefined ? ['private-key.pem'] : [])].map((file) => join(out, file)),
  );
  const issuer = await readIssuer(options);
  const pair =
    options.publicKey === undefined
      ? await terminal.during('Creating the key pair', generateKeyPair(options.bits))
      : undefined;
  const publicKey = pair
    ? createPublicKey(pair.publicKey)
    : publicKeyOf(await readKeyFile(options.publicKey ?? '', 'the public key'), 'The public key');
  assertRsa(publicKey, 'The public key');
  const certificate = await leafCertificate(publicKey, issuer, { subject, days });
  const files = {
    certificate: join(out, 'certificate.pem'),
    ...(pair && { privateKey: join(out, 'private-key.pem') }),
  };
  if (pair && files.privateKey) await writeNewFile(files.privateKey, pair.privateKey, 0o600);
  await writeNewFile(files.certificate, certificate, 0o644);
  const privateKeyLine = files.privateKey
    ? [`private key  ${files.privateKey} (only you can read it): give it to the consumer, and to nobody else`]
    : [];
  return {
    value: { ...files, subject, days, triedOnConnect: false },
    text: [...privateKeyLine, `certificate  ${files.certificate}, for ${days} days`, `note         ${untried}`].join(
      '\n',
    ),
  };
}

async function readIssuer(options: CertificateIssueOptions) {
  const { keyId, issuerPrivateKey, issuerCertificate } = options;
  if (issuerPrivateKey !== undefined && issuerCertificate !== undefined) {
    const pem = await readKeyFile(issuerPrivateKey, "the issuer's private key");
    const { privateKey } = keyPairOf(await privateKeyIn(pem, issuerPrivateKey));
    return { privateKey, certificate: await readKeyFile(issuerCertificate, "the issuer's certificate") };
  }
  if (keyId === undefined) {
    const message = 'Pass a key to sign with: --key-id, or --issuer-private-key and --issuer-certificate.';
    throw new CommandError('invalid_option', message);
  }
  assertKeyId(keyId);
  const vault = await openKeyStore(options);
  const [[pem], certificate] = await Promise.all([vault.privateKeys(keyId, {}), vault.certificate(keyId)]);
  if (pem === undefined || certificate === undefined) {
    const message = `${vault.name} has no ${pem === undefined ? 'private key' : 'certificate'} for key id ${keyId}; "flow-keys keys list${storeArguments(options)}" shows what it has.`;
    throw new FlowKeysError('unknown_key', message, { keyId });
  }
  return { privateKey: keyPairOf(await privateKeyIn(pem, keyId)).privateKey, certificate };
}
