import { type DecryptResult, decodeUtf8 } from '../../../src/index.ts';
import type { DecryptAnswer } from '../contract.ts';

/** Connect's plaintexts are text; others are answered as base64, and say so. */
export function decryptAnswerOf({ plaintext, keyId, suite, encryptionContext }: DecryptResult): DecryptAnswer {
  const text = decodeUtf8(plaintext);
  const members = { keyId, suite, encryptionContext: { ...encryptionContext } };
  if (text !== undefined) return { plaintext: text, encoding: 'utf-8', ...members };
  const binary = Array.from(plaintext, (byte) => String.fromCharCode(byte)).join('');
  return { plaintext: btoa(binary), encoding: 'base64', ...members };
}
