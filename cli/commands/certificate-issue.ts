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
  /** The id of the uploaded key that signs; its private key and certificate are in the store. */
  readonly keyId?: string;
  /** Files, instead of `keyId`. */
  readonly issuerPrivateKey?: string;
  readonly issuerCertificate?: string;
  /** The consumer's public key, a file; without it, a key pair is made. */
  readonly publicKey?: string;
}

const untried =
  "That Connect encrypts with a certificate which an uploaded key has signed follows from AWS's wording, and was not tried on a live instance: test it on yours first.";

/** A certificate for one consumer, signed by an uploaded key, so that this consumer alone can decrypt. */
export async function issueCertificate(options: CertificateIssueOptions, terminal: Terminal): Promise<Answer> {
  const { subject, days, out } = options;
  assertAbsent(
    ['certificate.pem', ...(options.publicKey === undefined ? ['private-key.pem'] : [])].map((file) => join(out, file)),
  );
  const issuer = await readIssuer(options);
  const pair =
    options.publicKey === undefined
      ? await terminal.during('Making the key pair', generateKeyPair(options.bits))
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
    ? [`private key  ${files.privateKey} (only you may read it): give it to the consumer, and to nobody else`]
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
    const message =
      'Pass --key-id of a key in the store, or --issuer-private-key and --issuer-certificate, to sign with.';
    throw new CommandError('invalid_option', message);
  }
  assertKeyId(keyId);
  const vault = await openKeyStore(options);
  const [[pem], certificate] = await Promise.all([vault.privateKeys(keyId, {}), vault.certificate(keyId)]);
  if (pem === undefined || certificate === undefined) {
    const message = `There is no ${pem === undefined ? 'private key' : 'certificate'} of key id ${keyId} in ${vault.name}; "flow-keys keys list${storeArguments(options)}" shows what there is.`;
    throw new FlowKeysError('unknown_key', message, { keyId });
  }
  return { privateKey: keyPairOf(await privateKeyIn(pem, keyId)).privateKey, certificate };
}
