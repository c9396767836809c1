import { styleText } from 'node:util';
import { toFlowKeysError } from '../../src/errors.ts';
import { CommandError, type ExitCode } from './command-error.ts';
import { printable, type Streams } from './terminal.ts';

/** An error as the user sees it: a message, or JSON. With `DEBUG` set, it includes the stack trace. */
export function report(
  error: unknown,
  exitCode: ExitCode,
  { json, stderr }: { readonly json: boolean } & Pick<Streams, 'stderr'>,
): string {
  const { code, message, cause } = error instanceof CommandError ? error : toFlowKeysError(error);
  const trace = process.env['DEBUG'] && error instanceof Error ? error.stack : undefined;
  if (json)
    return JSON.stringify({ error: { code, message, exitCode, ...(cause && { cause }), ...(trace && { trace }) } });
  const shownCode = stderr.isTTY ? styleText('red', code, { stream: process.stderr }) : code;
  return [`${shownCode}: ${printable(message)}`, ...(trace ? [trace, JSON.stringify(cause)] : [])].join('\n');
}
