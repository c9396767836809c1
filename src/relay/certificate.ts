import { type DerElement, derTag, readDer, readDerElements } from '../der.ts';

/** What is read of an X.509 certificate. Its signature is not verified: who registers a consumer vouches for it. */
export interface Certificate {
  /** The SubjectPublicKeyInfo. */
  readonly spki: Uint8Array<ArrayBuffer>;
  /** Milliseconds since 1970; both ends belong to the period. */
  readonly notBefore: number;
  readonly notAfter: number;
}

const explicitVersion = 0xa0;

/**
 * Reads a certificate (RFC 5280, section 4.1); `undefined` where it is none.
 */
export function readCertificate(der: Uint8Array<ArrayBuffer>): Certificate | undefined {
  const certificate = readDer(der);
  if (certificate?.tag !== derTag.sequence || certificate.end !== der.length) return undefined;
  const [tbsCertificate] = readDerElements(certificate.content) ?? [];
  if (tbsCertificate?.tag !== derTag.sequence) return undefined;
  const elements = readDerElements(tbsCertificate.content) ?? [];
  // version, serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo; a version 1 is left out.
  const first = elements[0]?.tag === explicitVersion ? 1 : 0;
  const [validity, subject, publicKey] = elements.slice(first + 3, first + 6);
  if (validity === undefined || subject === undefined || publicKey?.tag !== derTag.sequence) return undefined;
  const [notBefore, notAfter] = (readDerElements(validity.content) ?? []).map(timeOf);
  if (notBefore === undefined || notAfter === undefined) return undefined;
  return { spki: tbsCertificate.content.slice(subject.end, publicKey.end), notBefore, notAfter };
}

/** RFC 5280, section 4.1.2.5: years of two digits are 1950 to 2049; seconds are given, and the time is UTC. */
function timeOf({ tag, content }: DerElement): number | undefined {
  const text = String.fromCharCode(...content);
  const year = tag === derTag.utcTime ? `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}` : text;
  const [, ...parts] = year.match(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/) ?? [];
  const [date, time] = [parts.slice(0, 3).join('-'), parts.slice(3).join(':')];
  const milliseconds = Date.parse(`${date}T${time}Z`);
  return Number.isNaN(milliseconds) ? undefined : milliseconds;
}
