import { createHash } from 'node:crypto';

/** SHA-256, as the hash of a bearer token is configured. */
export function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
