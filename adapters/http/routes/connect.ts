import type { Context } from 'hono';
import { handleContactFlowEvent } from '../../../src/index.ts';
import { relayLimits } from '../caller-limits.ts';
import type { AppEnv } from '../context.ts';
import { readJson } from '../middleware/body.ts';

export async function connect(context: Context<AppEnv>): Promise<Response> {
  const { settings, requestId } = context.var;
  const { answer, record } = await handleContactFlowEvent(await readJson(context), {
    ...settings,
    requestId,
    ...(settings.connect && { settings: settings.connect }),
    ...relayLimits(context),
  });
  context.set('record', record);
  return context.json(answer);
}
