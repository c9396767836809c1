import { type DerElement, derTag, readDer, readDerElements } from '../encoding/der.ts';

/** What is read of an X.509 certificate. Its signature is not verified. */
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
  const [tbsCertificate, ...signature] = readDerElements(certificate.content) ?? [];
  if (tbsCertificate?.tag !== derTag.sequence) return undefined;
  if (!haveTags(signature, [derTag.sequence, derTag.bitString])) return undefined;
  const elements = readDerElements(tbsCertificate.content) ?? [];
  // version, serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo; a version 1 is left out.
  const first = elements[0]?.tag === explicitVersion ? 1 : 0;
  const named = elements.slice(first, first + 6);
  if (!haveTags(named, [derTag.integer, ...Array.from({ length: 5 }, () => derTag.sequence)])) return undefined;
  const [validity, subject, publicKey] = named.slice(3);
  if (validity === undefined || subject === undefined || publicKey === undefined) return undefined;
  const [notBefore, notAfter] = (readDerElements(validity.content) ?? []).map(timeOf);
  if (notBefore === undefined || notAfter === undefined) return undefined;
  return { spki: tbsCertificate.content.slice(subject.end, publicKey.end), notBefore, notAfter };
}

function haveTags(elements: readonly DerElement[], tags: readonly number[]): boolean {
  return elements.length === tags.length && elements.every(({ tag }, index) => tag === tags[index]);
}

const timeLengths: Readonly<Record<number, number>> = { [derTag.utcTime]: 13, [derTag.generalizedTime]: 15 };

/** RFC 5280, section 4.1.2.5: years of two digits are 1950 to 2049; seconds are given, and the time is UTC. */
function timeOf({ tag, content }: DerElement): number | undefined {
  if (content.length !== timeLengths[tag]) return undefined;
  const text = String.fromCharCode(...content);
  const year = tag === derTag.utcTime ? `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}` : text;
  const [, ...parts] = year.match(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/) ?? [];
  const written = `${parts.slice(0, 3).join('-')}T${parts.slice(3).join(':')}.000Z`;
  const milliseconds = Date.parse(written);
  if (Number.isNaN(milliseconds)) return undefined;
  // 31 February would be read as 3 March.
  return new Date(milliseconds).toISOString() === written ? milliseconds : undefined;
}
