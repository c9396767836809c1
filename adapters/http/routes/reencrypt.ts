import type { Context } from 'hono';
import { FlowKeysError } from '../../../src/index.ts';
import { relayLimits } from '../caller-limits.ts';
import type { AppEnv } from '../context.ts';
import type { ReencryptAnswer } from '../contract.ts';
import { reencryptBody } from '../description/schemas.ts';
import { readBody } from '../middleware/body.ts';
import { problemDetails } from '../problem.ts';

export async function reencrypt(context: Context<AppEnv>): Promise<Response> {
  const { settings, requestId } = context.var;
  if (settings.relay === undefined)
    throw new FlowKeysError('not_found', 'This service has no consumer store, so it cannot re-encrypt. Configure one.');
  const { ciphertext, keyId, contactId, field, consumers } = await readBody(context, reencryptBody);
  const { outcomes, decrypted } = await settings.relay.reencrypt(ciphertext, {
    ...relayLimits(context),
    ...(keyId !== undefined && { keyId }),
    ...(contactId !== undefined && { contactId }),
    field,
    consumers,
  });
  const failures = outcomes.flatMap((outcome) => ('failure' in outcome ? [outcome.failure.code] : []));
  const [code = 'ok'] = failures;
  const record = { ...decrypted, contactId: contactId ?? null, items: outcomes.length, failures: failures.length };
  context.set('record', { code, ...record });
  const results = outcomes.map((outcome) =>
    'failure' in outcome ? { consumer: outcome.consumer, error: problemDetails(outcome.failure, requestId) } : outcome,
  );
  return context.json({ ...decrypted, results } satisfies ReencryptAnswer);
}
