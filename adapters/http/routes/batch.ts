import { type DecryptOptions, type Decryptor, toFlowKeysError } from '../../../src/index.ts';
import type { BatchAnswer } from '../contract.ts';
import type { LogRecord } from '../options.ts';
import { problemDetails } from '../problem.ts';
import { decryptAnswerOf } from './decrypt.ts';

interface BatchItem {
  readonly ciphertext: string;
  readonly keyId?: string | undefined;
}

/** Decrypts all at once; each answers for itself, in the order of the items. */
export async function decryptBatch(
  items: readonly BatchItem[],
  decryptor: Decryptor,
  requestId: string,
  limits: DecryptOptions,
): Promise<{ readonly answer: BatchAnswer; readonly record: LogRecord }> {
  const results = await Promise.all(
    items.map(async ({ ciphertext, keyId }) => {
      try {
        return decryptAnswerOf(
          await decryptor.decrypt(ciphertext, { ...limits, ...(keyId !== undefined && { keyId }) }),
        );
      } catch (error) {
        return { error: problemDetails(toFlowKeysError(error), requestId) };
      }
    }),
  );
  const failures = results.flatMap((result) => ('error' in result ? [result.error.code] : []));
  const [code = 'ok'] = failures;
  return { answer: { results }, record: { code, items: items.length, failures: failures.length } };
}
