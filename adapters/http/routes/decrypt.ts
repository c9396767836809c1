import type { Context } from 'hono';
import { type DecryptResult, decodeUtf8, successRecord } from '../../../src/index.ts';
import { decryptLimits } from '../caller-limits.ts';
import type { AppEnv } from '../context.ts';
import type { DecryptAnswer } from '../contract.ts';
import { decryptBody } from '../description/schemas.ts';
import { readBody } from '../middleware/body.ts';

export async function decrypt(context: Context<AppEnv>): Promise<Response> {
  const { ciphertext, keyId } = await readBody(context, decryptBody);
  const decrypted = await context.var.settings.decryptor.decrypt(ciphertext, {
    ...(keyId !== undefined && { keyId }),
    ...decryptLimits(context),
  });
  context.set('record', successRecord(decrypted));
  return context.json(decryptAnswer(decrypted));
}

/** The plaintext as text, or as base64 if it is not UTF-8. Connect's are text. */
export function decryptAnswer({ plaintext, keyId, suite, encryptionContext, messageId }: DecryptResult): DecryptAnswer {
  const text = decodeUtf8(plaintext);
  const members = { keyId, suite, encryptionContext: { ...encryptionContext }, messageId };
  if (text !== undefined) return { plaintext: text, encoding: 'utf-8', ...members };
  const binary = Array.from(plaintext, (byte) => String.fromCharCode(byte)).join('');
  return { plaintext: btoa(binary), encoding: 'base64', ...members };
}
