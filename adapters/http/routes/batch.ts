import type { Context } from 'hono';
import { FlowKeysError, toFlowKeysError } from '../../../src/index.ts';
import { settleAll } from '../../../src/internal.ts';
import { decryptLimits } from '../caller-limits.ts';
import type { AppEnv } from '../context.ts';
import type { BatchAnswer } from '../contract.ts';
import { batchBody } from '../description/schemas.ts';
import { assertNotTooOften } from '../middleware/authorization.ts';
import { readBody } from '../middleware/body.ts';
import { problemDetails } from '../problem.ts';
import { decryptAnswer } from './decrypt.ts';

// More than a thousand ciphertexts of Connect.
const maxCiphertextBytes = 1_048_576;

export async function decryptBatch(context: Context<AppEnv>): Promise<Response> {
  const { items } = await readBody(context, batchBody);
  await assertNotTooOften(context, 'decryptBatch', items.length);
  const base64Length = items.reduce((sum, { ciphertext }) => sum + ciphertext.length, 0);
  if ((base64Length / 4) * 3 > maxCiphertextBytes) {
    throw new FlowKeysError('body_too_large', 'A batch may hold 1 MiB of ciphertext in total. Split it.');
  }
  const { decryptor } = context.var.settings;
  const limits = decryptLimits(context);
  const outcomes = await settleAll(items, limits.signal, async ({ ciphertext, keyId }) =>
    decryptAnswer(await decryptor.decrypt(ciphertext, { ...limits, ...(keyId !== undefined && { keyId }) })),
  );
  const results: BatchAnswer['results'] = outcomes.map((outcome) =>
    outcome.status === 'fulfilled'
      ? outcome.value
      : { error: problemDetails(toFlowKeysError(outcome.reason), context.var.requestId) },
  );
  const failures = results.flatMap((result) => ('error' in result ? [result.error.code] : []));
  const [code = 'ok'] = failures;
  context.set('record', { code, items: items.length, failures: failures.length });
  return context.json({ results } satisfies BatchAnswer);
}
