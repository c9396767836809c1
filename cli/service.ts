import { readText } from './files.ts';
import { CommandError } from './output/command-error.ts';

/**
 * The URL and the bearer token of an HTTP service, from `--endpoint` and `--token-file`.
 *
 * @throws CommandError `invalid_option` for a URL without a scheme, `unreadable_file`
 */
export async function readService(
  endpoint: string,
  tokenFile: string | undefined,
): Promise<{ readonly endpoint: string; readonly token?: string }> {
  if (!/^https?:\/\/[^/]/i.test(endpoint) || !URL.canParse(endpoint))
    throw new CommandError(
      'invalid_option',
      '--endpoint must be a URL with a scheme, such as https://keys.example.com.',
    );
  return tokenFile === undefined ? { endpoint } : { endpoint, token: await readToken(tokenFile) };
}

async function readToken(path: string): Promise<string> {
  const token = (await readText(path, 'the token')).trim();
  if (!/\s/.test(token) && token !== '') return token;
  const message =
    'The token file must hold only the token, on one line. "flow-keys token --out FILE" writes such a file.';
  throw new CommandError('unreadable_file', message);
}
