import type { Context } from 'hono';
import type { DecryptOptions, ReencryptOptions } from '../../src/index.ts';
import type { AppEnv } from './context.ts';
import { logJson } from './middleware/log.ts';

/** The caller's limits, as options of the decryptor. */
export function decryptLimits({ var: { caller, signal, settings } }: Context<AppEnv>): DecryptOptions {
  return {
    signal,
    lookupBudget: settings.lookupBudgetOf(caller.name),
    ...(caller.keyIds && { allowedKeyIds: caller.keyIds }),
  };
}

/** The caller's limits, as options of the relay. A caller without consumers may encrypt for none. */
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
