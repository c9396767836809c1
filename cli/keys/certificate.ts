import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { type CertificateAge, certificateAge, daysLeft, holdsPrivateKey, keyBlocks } from '../../src/internal.ts';
import { CommandError } from '../output/command-error.ts';
import type { Terminal } from '../output/terminal.ts';
import { assertRsa, isSameKey } from './key-pair.ts';

export interface CertificateOptions {
  /** A distinguished name, as `CN=flow-security-keys, O=Example Ltd, C=GB`. */
  readonly subject: string;
  readonly days: number;
}

const millisecondsPerDay = 86_400_000;

/**
 * A self-signed X.509 certificate (RFC 5280) with the extensions of `openssl req -x509`: the flow carries it,
 * and Connect encrypts with it.
 *
 * @throws CommandError `invalid_option` for a subject that is no distinguished name
 */
export async function selfSignedCertificate(privateKey: string, options: CertificateOptions): Promise<string> {
  const x509 = await loadX509();
  const keys = await signingKeys(createPrivateKey(privateKey));
  return naming(options.subject, async () => {
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: options.subject,
      keys,
      ...validity(options.days),
      signingAlgorithm,
      extensions: [
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
        await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey),
        new x509.BasicConstraintsExtension(true, undefined, true),
      ],
    });
    return pemOf(certificate.toString('pem'));
  });
}

/**
 * A certificate for another's public key, signed by an uploaded key.
 *
 * @param issuer the PEM texts of the private key and of its own certificate
 * @throws CommandError `invalid_option` for a subject that is no distinguished name, `invalid_certificate` for an
 *   issuer's certificate that is unreadable, expired or of another key
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
    throw new CommandError(
      'invalid_certificate',
      "The issuer's certificate is of another key; pass the one of the private key.",
    );
  }
  if (daysLeftOf(issuerCertificate) < options.days) {
    const message = `The issuer's certificate ends before ${options.days} days are over; pass fewer --days.`;
    throw new CommandError('invalid_certificate', message);
  }
  const keys = await signingKeys(privateKey);
  const subjectKey = await importPublic(publicKey);
  return naming(options.subject, async () => {
    const certificate = await x509.X509CertificateGenerator.create({
      subject: options.subject,
      issuer: new x509.X509Certificate(issuerCertificate.toString()).subject,
      publicKey: subjectKey,
      signingKey: keys.privateKey,
      ...validity(options.days),
      signingAlgorithm,
      extensions: [
        await x509.SubjectKeyIdentifierExtension.create(subjectKey),
        await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey),
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyEncipherment | x509.KeyUsageFlags.dataEncipherment, true),
      ],
    });
    return pemOf(certificate.toString('pem'));
  });
}

/**
 * The first certificate of a text. What is written or published of it is its own PEM, `certificate.toString()`, and never
 * the text, which may hold a private key beside it.
 *
 * @param what the text's role, as `The certificate of the flow`
 * @throws CommandError `invalid_certificate`, `invalid_public_key` for a key that Connect cannot encrypt with
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

/** What a text is in which there is no certificate, and what to do. */
function notCertificate(text: string, label: string | undefined): string {
  if (label === 'PKCS12')
    return 'is a PKCS#12 file; take the certificate out of it: "openssl pkcs12 -in FILE -clcerts -nokeys -out certificate.pem".';
  if (holdsPrivateKey(text))
    return 'holds a private key, and no certificate; "flow-keys keys list" shows which key has a certificate.';
  if (label === 'PUBLIC KEY' || label === 'RSA PUBLIC KEY')
    return 'is a public key, and no certificate: Connect encrypts with the certificate of that key. "flow-keys keys create" makes both; "openssl req -x509 -key private-key.pem -subj /CN=flow-security-keys -days 365 -out certificate.pem" makes one for a key that you have.';
  if (label === 'CERTIFICATE REQUEST')
    return 'is a certificate request; sign it first: "openssl x509 -req -in FILE -signkey private-key.pem -days 365 -out certificate.pem".';
  if (/-{4,5}BEGIN/.test(text)) return 'is PEM text that is damaged or cut short; copy it again, with all its lines.';
  return 'is no X.509 certificate, neither in PEM nor in DER; pass the file certificate.pem of "flow-keys keys create".';
}

/** The certificate of a text that becomes public, and a note where the text is not to be: it holds a private key, too. */
export function readPublicCertificate(text: string, what: string, terminal: Terminal): X509Certificate {
  const certificate = readCertificate(text, what);
  if (holdsPrivateKey(text)) {
    terminal.note(
      `${what} stands beside a private key. Only the certificate is used; keep the private key in a file of its own.`,
    );
  }
  return certificate;
}

/** Whether a certificate is the key's own, or one that the key has signed for a consumer. */
export function belongsTo(certificate: X509Certificate, publicKey: KeyObject): boolean {
  return isSameKey(certificate.publicKey, publicKey) || certificate.verify(publicKey);
}

export function ageOf(certificate: X509Certificate, now = Date.now()): CertificateAge {
  return certificateAge(validityOf(certificate), now);
}

/** Whole days until the certificate's end; negative when it is over. */
export function daysLeftOf(certificate: X509Certificate, now = Date.now()): number {
  return daysLeft(validityOf(certificate), now);
}

function validityOf({ validFromDate, validToDate }: X509Certificate) {
  return { notBefore: validFromDate.getTime(), notAfter: validToDate.getTime() };
}

const signingAlgorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };

function validity(days: number) {
  // A flow may be published within the minute, on a machine whose clock is behind.
  const notBefore = new Date(Date.now() - 60_000);
  return { notBefore, notAfter: new Date(Date.now() + days * millisecondsPerDay) };
}

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

// Its parts find each other by metadata that this library must have put there first.
async function loadX509() {
  await import('reflect-metadata');
  return import('@peculiar/x509');
}

async function naming(subject: string, make: () => Promise<string>): Promise<string> {
  // The library takes what has no attributes for an empty name.
  if (!/^\s*[A-Za-z][A-Za-z0-9.]*\s*=\s*\S/.test(subject)) throw noName(subject);
  try {
    return await make();
  } catch (error) {
    throw noName(subject, error);
  }
}

function noName(subject: string, cause?: unknown): CommandError {
  const message = `The subject "${subject}" is no distinguished name; write it as "CN=flow-security-keys, O=Example Ltd, C=GB".`;
  return new CommandError('invalid_option', message, cause);
}

/** Lines of 64 characters, and a last line break, as openssl writes it. */
function pemOf(pem: string): string {
  return `${pem.trimEnd()}\n`;
}
