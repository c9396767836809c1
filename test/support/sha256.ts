import { createHash } from 'node:crypto';

/** SHA-256 in hexadecimal, as in the setting of a bearer token. */
export function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
