import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { Extension } from '@peculiar/x509';
import { type CertificateAge, certificateAge, daysLeft, holdsPrivateKey, keyBlocks } from '../../src/internal.ts';
import { CommandError } from '../output/command-error.ts';
import type { Terminal } from '../output/terminal.ts';
import { assertRsa, isSameKey, type KeyPair } from './key-pair.ts';

export interface CertificateOptions {
  /** A distinguished name, such as `CN=flow-security-keys, O=Example Ltd, C=GB`. */
  readonly subject: string;
  readonly days: number;
}

const millisecondsPerDay = 86_400_000;

/**
 * A self-signed X.509 certificate (RFC 5280) with the extensions of `openssl req -x509`. The flow contains it, and Connect
 * encrypts with it.
 *
 * @throws CommandError `invalid_option` if the subject is not a distinguished name
 */
export async function selfSignedCertificate(privateKey: string, options: CertificateOptions): Promise<string> {
  const x509 = await loadX509();
  const keys = await signingKeys(createPrivateKey(privateKey));
  const constraints = new x509.BasicConstraintsExtension(true, undefined, true);
  return signedCertificate(keys.publicKey, { name: options.subject, ...keys }, options, [constraints]);
}

/**
 * A certificate for another public key, signed by an uploaded key.
 *
 * @param issuer the PEM texts of the private key that signs and of its certificate
 * @throws CommandError `invalid_option` if the subject is not a distinguished name; `invalid_certificate` if the issuer's
 *   certificate is unreadable, belongs to another key, or expires before the new one
 */
export async function leafCertificate(
  publicKey: KeyObject,
  issuer: { readonly privateKey: string; readonly certificate: string },
  options: CertificateOptions,
): Promise<string> {
  const x509 = await loadX509();
  const issuerCertificate = readCertificate(issuer.certificate, "The issuer's certificate");
  const privateKey = createPrivateKey(issuer.privateKey);
  if (!isSameKey(createPublicKey(privateKey), issuerCertificate.publicKey)) {
    const message = "The issuer's certificate belongs to another key; pass the one for the issuer's private key.";
    throw new CommandError('invalid_certificate', message);
  }
  if (daysLeftOf(issuerCertificate) < options.days) {
    const message = `The issuer's certificate expires in less than ${options.days} days; pass fewer --days.`;
    throw new CommandError('invalid_certificate', message);
  }
  const signer = {
    ...(await signingKeys(privateKey)),
    name: new x509.X509Certificate(issuerCertificate.toString()).subject,
  };
  return signedCertificate(await importPublic(publicKey), signer, options, [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyEncipherment | x509.KeyUsageFlags.dataEncipherment, true),
  ]);
}

async function signedCertificate(
  publicKey: CryptoKey,
  signer: CryptoKeyPair & { readonly name: string },
  { subject, days }: CertificateOptions,
  extensions: readonly Extension[],
): Promise<string> {
  const x509 = await loadX509();
  // The library accepts text without any attribute as an empty name.
  if (!/^\s*[A-Za-z][A-Za-z0-9.]*\s*=\s*\S/.test(subject)) throw invalidSubject(subject);
  try {
    const certificate = await x509.X509CertificateGenerator.create({
      subject,
      issuer: signer.name,
      publicKey,
      signingKey: signer.privateKey,
      // A flow may be published within the minute, on a machine whose clock is behind.
      notBefore: new Date(Date.now() - 60_000),
      notAfter: new Date(Date.now() + days * millisecondsPerDay),
      signingAlgorithm,
      extensions: [
        await x509.SubjectKeyIdentifierExtension.create(publicKey),
        await x509.AuthorityKeyIdentifierExtension.create(signer.publicKey),
        ...extensions,
      ],
    });
    return `${certificate.toString('pem').trimEnd()}\n`;
  } catch (error) {
    throw invalidSubject(subject, error);
  }
}

/**
 * The first certificate of a text. Write or publish `certificate.toString()`, never the text: it may also hold a private
 * key.
 *
 * @param what the text's role, such as `The certificate of the flow`
 * @throws CommandError `invalid_certificate`, `invalid_public_key` if Connect cannot encrypt with the key
 */
export function readCertificate(text: string, what: string): X509Certificate {
  const blocks = keyBlocks(text);
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(blocks.find(({ label }) => label === 'CERTIFICATE')?.der ?? text);
  } catch (error) {
    throw new CommandError('invalid_certificate', `${what} ${notCertificate(text, blocks[0]?.label)}`, error);
  }
  assertRsa(certificate.publicKey, what);
  return certificate;
}

/** Says what a text is instead of a certificate, and what to do. */
function notCertificate(text: string, label: string | undefined): string {
  if (label === 'PKCS12')
    return 'is a PKCS#12 file; extract the certificate: "openssl pkcs12 -in FILE -clcerts -nokeys -out certificate.pem".';
  if (holdsPrivateKey(text))
    return 'holds a private key, but no certificate; "flow-keys keys list" shows which keys have a certificate.';
  if (label === 'PUBLIC KEY' || label === 'RSA PUBLIC KEY')
    return 'is a public key, but not a certificate, which Connect needs. "flow-keys keys create" creates both; "openssl req -x509 -key private-key.pem -subj /CN=flow-security-keys -days 365 -out certificate.pem" creates one for a key that you have.';
  if (label === 'CERTIFICATE REQUEST')
    return 'is a certificate request; sign it first: "openssl x509 -req -in FILE -signkey private-key.pem -days 365 -out certificate.pem".';
  if (/-{4,5}BEGIN/.test(text)) return 'is damaged or incomplete PEM text; copy it again, with all its lines.';
  return 'is not an X.509 certificate in PEM or DER; pass the file certificate.pem from "flow-keys keys create".';
}

/** The first certificate of a text, with a note if the text also holds a private key. */
export function readPublicCertificate(text: string, what: string, terminal: Terminal): X509Certificate {
  const certificate = readCertificate(text, what);
  if (holdsPrivateKey(text)) {
    terminal.note(
      `${what} is in one file with a private key. Only the certificate is used; keep the key in its own file.`,
    );
  }
  return certificate;
}

/**
 * The PEM text of the certificate that belongs to a private key.
 *
 * @throws CommandError `invalid_certificate`
 */
export function certificateOfKey(text: string, { publicKey }: KeyPair, terminal: Terminal): string {
  const certificate = readPublicCertificate(text, 'The certificate', terminal);
  if (isSameKey(certificate.publicKey, createPublicKey(publicKey))) return certificate.toString();
  const message = 'The certificate belongs to another key; pass the one for this private key.';
  throw new CommandError('invalid_certificate', message);
}

/** Whether a certificate has this public key, or was signed with its private key for a consumer. */
export function belongsTo(certificate: X509Certificate, publicKey: KeyObject): boolean {
  return isSameKey(certificate.publicKey, publicKey) || certificate.verify(publicKey);
}

export function ageOf(certificate: X509Certificate, now = Date.now()): CertificateAge {
  return certificateAge(validityOf(certificate), now);
}

/** Whole days until the certificate expires; negative if it has expired. */
export function daysLeftOf(certificate: X509Certificate, now = Date.now()): number {
  return daysLeft(validityOf(certificate), now);
}

function validityOf({ validFromDate, validToDate }: X509Certificate) {
  return { notBefore: validFromDate.getTime(), notAfter: validToDate.getTime() };
}

const signingAlgorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };

async function signingKeys(privateKey: KeyObject): Promise<CryptoKeyPair> {
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' });
  return {
    privateKey: await crypto.subtle.importKey('pkcs8', new Uint8Array(pkcs8), signingAlgorithm, false, ['sign']),
    publicKey: await importPublic(createPublicKey(privateKey)),
  };
}

function importPublic(publicKey: KeyObject): Promise<CryptoKey> {
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return crypto.subtle.importKey('spki', new Uint8Array(spki), signingAlgorithm, true, ['verify']);
}

// @peculiar/x509 needs reflect-metadata to be loaded first.
async function loadX509() {
  await import('reflect-metadata');
  return import('@peculiar/x509');
}

function invalidSubject(subject: string, cause?: unknown): CommandError {
  const message = `The subject "${subject}" is not a distinguished name; write it like "CN=flow-security-keys, O=Example Ltd, C=GB".`;
  return new CommandError('invalid_option', message, cause);
}
