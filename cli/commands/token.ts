import { createHash, randomBytes } from 'node:crypto';
import type { BearerToken } from '../../adapters/http/options.ts';
import { bearerTokenFrom } from '../../adapters/http/settings.ts';
import { writeNewFile } from '../files.ts';
import { CommandError } from '../output/command-error.ts';
import type { Answer } from '../output/terminal.ts';

/** The limits of a token, each a comma-separated list. */
export interface TokenOptions {
  readonly keyIds?: string;
  readonly routes?: string;
  readonly consumers?: string;
  readonly fields?: string;
}

/** Creates a token. With `out`, it is written to a file and not printed. */
export async function issueToken({ out, ...limits }: TokenOptions & { readonly out?: string }): Promise<Answer> {
  const { token, ...answer } = createToken(limits);
  if (out === undefined) return answer;
  await writeNewFile(out, `${token}\n`, 0o600);
  const { bearerTokenHash } = answer.value;
  return {
    value: { tokenFile: out, bearerTokenHash },
    text: `token (give it to the caller)        ${out} (only you can read it)\nBEARER_TOKEN_HASHES (configure this) ${bearerTokenHash}`,
    quiet: bearerTokenHash,
  };
}

interface NewToken extends Answer {
  readonly token: string;
  readonly value: { readonly token: string; readonly bearerTokenHash: string };
}

/** Creates a bearer token for the HTTP service, and the setting that accepts it. */
export function createToken({ keyIds, routes, consumers, fields }: TokenOptions): NewToken {
  const token = randomBytes(32).toString('base64url');
  const limits = Object.entries({ 'key-ids': keyIds, routes, consumers, fields });
  const given = limits.flatMap(([name, list]) => (list === undefined ? [] : [`:${name}=${list}`]));
  const setting = createHash('sha256').update(token).digest('hex') + given.join('');
  assertSameLimits(setting, limits);
  return {
    token,
    quiet: `${token}\n${setting}`,
    value: { token, bearerTokenHash: setting },
    text: `token (give it to the caller)        ${token}\nBEARER_TOKEN_HASHES (configure this) ${setting}`,
  };
}

/** @throws CommandError `invalid_option` if the service would reject the limits, or read them as others */
function assertSameLimits(setting: string, limits: readonly (readonly [string, string | undefined])[]): void {
  let token: BearerToken;
  try {
    token = bearerTokenFrom(setting);
  } catch (error) {
    throw new CommandError('invalid_option', error instanceof Error ? error.message : 'The limits are invalid.', error);
  }
  const { keyIds, routes, consumers, fields } = token;
  const read = [keyIds, routes, consumers, fields].map((list) => list?.join());
  if (limits.every(([, list], index) => list === read[index])) return;
  throw new CommandError(
    'invalid_option',
    'A limit contains ":", which separates limits. Pass each limit with its own option.',
  );
}
