import { createHash, randomBytes } from 'node:crypto';
import { bearerTokenFrom } from '../../http/settings.ts';
import type { Answer } from '../terminal.ts';

/** What a token is limited to: each a list with commas between. */
export type TokenLimits = Readonly<Partial<Record<'key-ids' | 'routes', string>>>;

/** A new bearer token for the HTTP service, and the setting that lets its bearer in. */
export function createToken(limits: TokenLimits): Answer {
  const token = randomBytes(32).toString('base64url');
  const limited = Object.entries(limits).map(([name, value]) => `:${name}=${value}`);
  const setting = createHash('sha256').update(token).digest('hex') + limited.join('');
  bearerTokenFrom(setting);
  return {
    value: { token, bearerTokenHash: setting },
    text: `token (give it to the caller)        ${token}\nBEARER_TOKEN_HASHES (configure this) ${setting}`,
  };
}
