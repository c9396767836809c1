import { type DerElement, derTag, readDer, readDerElements } from '../encoding/der.ts';

/** A certificate's validity period, in milliseconds since 1970. Both ends are valid. */
export interface Validity {
  readonly notBefore: number;
  readonly notAfter: number;
}

/** The parts of an X.509 certificate that are read. Its signature is not verified. */
export interface Certificate extends Validity {
  /** The SubjectPublicKeyInfo. */
  readonly spki: Uint8Array<ArrayBuffer>;
}

const explicitVersion = 0xa0;

/** Reads a certificate (RFC 5280, section 4.1). Returns `undefined` if it is not one. */
export function readCertificate(der: Uint8Array<ArrayBuffer>): Certificate | undefined {
  const certificate = readDer(der);
  if (certificate?.tag !== derTag.sequence || certificate.end !== der.length) return undefined;
  const [tbsCertificate, ...signature] = readDerElements(certificate.content) ?? [];
  if (tbsCertificate?.tag !== derTag.sequence) return undefined;
  if (!haveTags(signature, [derTag.sequence, derTag.bitString])) return undefined;
  const elements = readDerElements(tbsCertificate.content) ?? [];
  // version (left out in version 1), serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo.
  const first = elements[0]?.tag === explicitVersion ? 1 : 0;
  const members = elements.slice(first, first + 6);
  if (!haveTags(members, [derTag.integer, ...Array.from({ length: 5 }, () => derTag.sequence)])) return undefined;
  const [validity, subject, publicKey] = members.slice(3);
  if (validity === undefined || subject === undefined || publicKey === undefined) return undefined;
  const [notBefore, notAfter] = (readDerElements(validity.content) ?? []).map(timeOf);
  if (notBefore === undefined || notAfter === undefined) return undefined;
  return { spki: tbsCertificate.content.slice(subject.end, publicKey.end), notBefore, notAfter };
}

function haveTags(elements: readonly DerElement[], tags: readonly number[]): boolean {
  return elements.length === tags.length && elements.every(({ tag }, index) => tag === tags[index]);
}

const timeLengths: Readonly<Record<number, number>> = { [derTag.utcTime]: 13, [derTag.generalizedTime]: 15 };

/** RFC 5280, section 4.1.2.5: two-digit years are 1950 to 2049, seconds are present, and the time is UTC. */
function timeOf({ tag, content }: DerElement): number | undefined {
  if (content.length !== timeLengths[tag]) return undefined;
  const text = String.fromCharCode(...content);
  const year = tag === derTag.utcTime ? `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}` : text;
  const [, ...parts] = year.match(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/) ?? [];
  const written = `${parts.slice(0, 3).join('-')}T${parts.slice(3).join(':')}.000Z`;
  const milliseconds = Date.parse(written);
  if (Number.isNaN(milliseconds)) return undefined;
  // Date.parse reads 31 February as 3 March.
  return new Date(milliseconds).toISOString() === written ? milliseconds : undefined;
}

// A certificate with fewer days left counts as expiring.
const warningDays = 30;
const millisecondsPerDay = 86_400_000;

/** Where a time lies in a certificate's validity. */
export type CertificateAge = 'valid' | 'expiring' | 'expired' | 'not yet valid';

/** Returns where a time lies in a certificate's validity. `expiring` is its last 30 days. */
export function certificateAge({ notBefore, notAfter }: Validity, now = Date.now()): CertificateAge {
  if (now < notBefore) return 'not yet valid';
  if (now > notAfter) return 'expired';
  return daysLeft({ notAfter }, now) < warningDays ? 'expiring' : 'valid';
}

/** Returns the whole days until a certificate expires, negative once it has expired. */
export function daysLeft({ notAfter }: Pick<Validity, 'notAfter'>, now = Date.now()): number {
  return Math.floor((notAfter - now) / millisecondsPerDay);
}
