import type * as v from 'valibot';
import type { ReencryptOptions, Relay } from '../../../src/index.ts';
import type { ReencryptAnswer } from '../contract.ts';
import type { reencryptBody } from '../description/schemas.ts';
import type { LogRecord } from '../options.ts';
import { problemDetails } from '../problem.ts';

/** What the caller may do, and who is told of it. */
export type RelayLimits = Pick<
  ReencryptOptions,
  'allowedKeyIds' | 'lookupBudget' | 'allowedConsumers' | 'allowedFields' | 'audit' | 'signal'
>;

/** Encrypts for all consumers at once; each answers for itself, in their order. */
export async function reencrypt(
  { ciphertext, keyId, contactId, field, consumers }: v.InferOutput<typeof reencryptBody>,
  relay: Relay,
  requestId: string,
  limits: RelayLimits,
): Promise<{ readonly answer: ReencryptAnswer; readonly record: LogRecord }> {
  const { outcomes, decrypted } = await relay.reencrypt(ciphertext, {
    ...limits,
    ...(keyId !== undefined && { keyId }),
    ...(contactId !== undefined && { contactId }),
    field,
    consumers,
  });
  const failures = outcomes.flatMap((outcome) => ('failure' in outcome ? [outcome.failure.code] : []));
  const [code = 'ok'] = failures;
  const results = outcomes.map((outcome) =>
    'failure' in outcome ? { consumer: outcome.consumer, error: problemDetails(outcome.failure, requestId) } : outcome,
  );
  return {
    answer: { ...decrypted, results },
    record: { code, ...decrypted, contactId: contactId ?? null, items: outcomes.length, failures: failures.length },
  };
}
