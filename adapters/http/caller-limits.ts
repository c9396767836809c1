import type { Context } from 'hono';
import type { DecryptOptions, ReencryptOptions } from '../../src/index.ts';
import type { AppEnv } from './context.ts';
import { logJson } from './middleware/log.ts';

/** What the caller may decrypt, as the decryptor takes it. */
export function decryptLimits({ var: { caller, signal, settings } }: Context<AppEnv>): DecryptOptions {
  return {
    signal,
    lookupBudget: settings.lookupBudgetOf(caller.name),
    ...(caller.keyIds && { allowedKeyIds: caller.keyIds }),
  };
}

/** What the caller may have re-encrypted, as the relay takes it. A caller without consumers may encrypt for none. */
export function relayLimits(context: Context<AppEnv>) {
  const { caller, requestId, settings } = context.var;
  const { audit = logJson } = settings;
  const { name, consumers = [], fields } = caller;
  return {
    ...decryptLimits(context),
    allowedConsumers: consumers,
    ...(fields && { allowedFields: fields }),
    audit: (record) =>
      audit({
        level: record.code === 'ok' ? 'INFO' : 'ERROR',
        audit: 'reencryption',
        requestId,
        caller: name,
        ...record,
      }),
  } satisfies Partial<ReencryptOptions>;
}
