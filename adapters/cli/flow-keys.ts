#!/usr/bin/env node
import { createHash, randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { FlowKeysError, inspect } from '../../src/index.ts';

const usage = `Usage:
  flow-keys inspect <ciphertext>   what a ciphertext says without a key, as JSON; "-" reads standard input
  flow-keys token [--key-ids <id>,<id>] [--routes <name>,<name>]
                                   a new bearer token for the HTTP service, and what to configure; limited to key
                                   ids and to routes (decrypt, decryptBatch, inspect, connect, metrics) if given
  flow-keys serve [--keys <directory>] [--host 127.0.0.1] [--port 8080] [--allow-world-readable]
                                   the HTTP service, with the keys of a directory or, without, of AWS
`;

const [command, ...operands] = process.argv.slice(2);

try {
  await run(command, operands);
} catch (error) {
  if (error instanceof FlowKeysError) fail(`${error.code}: ${error.message}\n`, 1);
  else if (isUsageError(error)) fail(`${error.message}\n\n${usage}`, 2);
  else throw error;
}

async function run(command: string | undefined, operands: readonly string[]): Promise<void> {
  if (command === 'inspect' && operands.length === 1) await printSummary(operands[0] ?? '');
  else if (command === 'token') await printToken(operands);
  else if (command === 'serve') await serve(operands);
  else if (command === '--help') process.stdout.write(usage);
  else fail(usage, 2);
}

async function printSummary(operand: string): Promise<void> {
  const summary = await inspect(operand === '-' ? await text(process.stdin) : operand);
  console.log(JSON.stringify(summary, null, 2));
}

async function printToken(args: readonly string[]): Promise<void> {
  const options = { 'key-ids': { type: 'string' }, routes: { type: 'string' } } as const;
  const { values } = parseArgs({ args: [...args], options });
  const token = randomBytes(32).toString('base64url');
  const limits = Object.entries(values).map(([name, value]) => `:${name}=${value}`);
  const setting = createHash('sha256').update(token).digest('hex') + limits.join('');
  const { bearerTokenFrom } = await import('../http/settings.ts');
  bearerTokenFrom(setting);
  console.log(`token (give it to the caller)        ${token}`);
  console.log(`BEARER_TOKEN_HASHES (configure this) ${setting}`);
}

async function serve(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      keys: { type: 'string' },
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '8080' },
      'allow-world-readable': { type: 'boolean', default: false },
    },
  });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) return fail('--port must be a number up to 65535.\n', 2);
  // Loaded here, as the other commands start without it.
  const { serve } = await import('./serve.ts');
  await serve({ keys: values.keys, host: values.host, port, allowWorldReadable: values['allow-world-readable'] });
}

function isUsageError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_');
}

function fail(message: string, exitCode: number): void {
  process.stderr.write(message);
  process.exitCode = exitCode;
}
