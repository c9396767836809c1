import { createHash, randomBytes } from 'node:crypto';
import { bearerTokenFrom } from '../../adapters/http/settings.ts';
import { CommandError } from '../output/command-error.ts';
import type { Answer } from '../output/terminal.ts';

/** What a token is limited to, and lets its bearer do: each a list with commas between. */
export interface TokenOptions {
  readonly keyIds?: string;
  readonly routes?: string;
  readonly consumers?: string;
  readonly fields?: string;
}

/** A new bearer token for the HTTP service, and the setting that lets its bearer in. */
export function createToken({ keyIds, routes, consumers, fields }: TokenOptions): Answer {
  const token = randomBytes(32).toString('base64url');
  const limits = Object.entries({ 'key-ids': keyIds, routes, consumers, fields });
  const given = limits.flatMap(([name, list]) => (list === undefined ? [] : [`:${name}=${list}`]));
  const setting = createHash('sha256').update(token).digest('hex') + given.join('');
  assertSetting(setting);
  return {
    value: { token, bearerTokenHash: setting },
    text: `token (give it to the caller)        ${token}\nBEARER_TOKEN_HASHES (configure this) ${setting}`,
  };
}

/** @throws CommandError `invalid_option` for limits that the service would not take */
function assertSetting(setting: string): void {
  try {
    bearerTokenFrom(setting);
  } catch (error) {
    throw new CommandError('invalid_option', error instanceof Error ? error.message : 'The limits are wrong.', error);
  }
}
