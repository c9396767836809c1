import { type DecryptOptions, type Decryptor, FlowKeysError, toFlowKeysError } from '../../../src/index.ts';
import { settleAll } from '../../../src/internal.ts';
import type { BatchAnswer } from '../contract.ts';
import type { LogRecord } from '../options.ts';
import { problemDetails } from '../problem.ts';
import { decryptAnswerOf } from './decrypt.ts';

interface BatchItem {
  readonly ciphertext: string;
  readonly keyId?: string | undefined;
}

// A thousand times what Connect makes.
const maxCiphertextBytes = 1_048_576;

/**
 * Decrypts each item; each has its own result, in the order of the items.
 *
 * @throws FlowKeysError `body_too_large` for more than 1 MiB of ciphertext
 */
export async function decryptBatch(
  items: readonly BatchItem[],
  decryptor: Decryptor,
  requestId: string,
  limits: DecryptOptions,
): Promise<{ readonly answer: BatchAnswer; readonly record: LogRecord }> {
  const base64Length = items.reduce((sum, { ciphertext }) => sum + ciphertext.length, 0);
  if ((base64Length / 4) * 3 > maxCiphertextBytes) {
    throw new FlowKeysError('body_too_large', 'A batch may hold 1 MiB of ciphertext in all. Send it as several.');
  }
  const outcomes = await settleAll(items, limits.signal, async ({ ciphertext, keyId }) =>
    decryptAnswerOf(await decryptor.decrypt(ciphertext, { ...limits, ...(keyId !== undefined && { keyId }) })),
  );
  const results = outcomes.map((outcome) =>
    outcome.status === 'fulfilled'
      ? outcome.value
      : { error: problemDetails(toFlowKeysError(outcome.reason), requestId) },
  );
  const failures = results.flatMap((result) => ('error' in result ? [result.error.code] : []));
  const [code = 'ok'] = failures;
  return { answer: { results }, record: { code, items: items.length, failures: failures.length } };
}
