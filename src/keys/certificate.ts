import { type Certificate, readCertificate } from './certificate-der.ts';
import { keyBlocks } from './key-text.ts';

export { type Certificate, readCertificate } from './certificate-der.ts';

/** When a certificate is near its end. */
const warningDays = 30;
const millisecondsPerDay = 86_400_000;

export type CertificateAge = 'valid' | 'expiring' | 'expired' | 'not yet valid';

/** Where a time is in a certificate's validity; `expiring` is its last 30 days, and both ends belong to it. */
export function certificateAge(
  { notBefore, notAfter }: Pick<Certificate, 'notBefore' | 'notAfter'>,
  now = Date.now(),
): CertificateAge {
  if (now < notBefore) return 'not yet valid';
  if (now > notAfter) return 'expired';
  return daysLeft({ notAfter }, now) < warningDays ? 'expiring' : 'valid';
}

/** Whole days until a certificate's end; negative once it has expired. */
export function daysLeft({ notAfter }: Pick<Certificate, 'notAfter'>, now = Date.now()): number {
  return Math.floor((notAfter - now) / millisecondsPerDay);
}

/** The first certificate in a text; `undefined` where there is none that can be read. */
export function certificateIn(text: string): Certificate | undefined {
  const block = keyBlocks(text).find(({ label }) => label === 'CERTIFICATE');
  return block?.der && readCertificate(block.der);
}
