import { createMiddleware } from 'hono/factory';
import { withDeadline } from '../../../src/index.ts';
import type { AppEnv } from '../context.ts';
import type { requestSettings } from '../request-settings.ts';
import { checkedTimeout } from '../settings.ts';

/** Gives each request its settings, and the signal that aborts it after the timeout. */
export function deadline(settingsOf: ReturnType<typeof requestSettings>) {
  return createMiddleware<AppEnv>(async (context, next) => {
    const settings = settingsOf(context.env);
    context.set('settings', settings);
    settings.assertServing?.();
    await withDeadline(checkedTimeout(settings.timeout), context.req.raw.signal, async (signal) => {
      context.set('signal', signal);
      await next();
    });
  });
}
