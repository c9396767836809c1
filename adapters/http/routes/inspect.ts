import type { Context } from 'hono';
import { inspect as inspectMessage } from '../../../src/index.ts';
import type { AppEnv } from '../context.ts';
import { inspectBody } from '../description/schemas.ts';
import { readBody } from '../middleware/body.ts';

export async function inspect(context: Context<AppEnv>): Promise<Response> {
  const { ciphertext } = await readBody(context, inspectBody);
  return context.json(await inspectMessage(ciphertext));
}
