import type { Context } from 'hono';
import { handleContactFlowEvent, type UseStarted } from '../../../src/index.ts';
import { logLine } from '../../../src/internal.ts';
import { relayLimits } from '../caller-limits.ts';
import type { AppEnv } from '../context.ts';
import { readJson } from '../middleware/body.ts';

export async function connect(context: Context<AppEnv>): Promise<Response> {
  const { settings, requestId } = context.var;
  const { use, require, codes, withoutContactId, started = logStarted } = settings;
  const { answer, record } = await handleContactFlowEvent(await readJson(context), {
    decryptor: settings.decryptor,
    requestId,
    ...(use && { use, started }),
    ...(require && { require }),
    ...(codes && { codes }),
    ...(withoutContactId !== undefined && { withoutContactId }),
    ...(settings.connect && { settings: settings.connect }),
    ...(settings.relay && { relay: settings.relay }),
    ...relayLimits(context),
  });
  context.set('record', record);
  return context.json(answer);
}

function logStarted(record: UseStarted): void {
  console.log(logLine({ level: 'INFO', message: 'use started', ...record }));
}
