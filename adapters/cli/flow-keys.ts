#!/usr/bin/env node
import { createHash, randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { FlowKeysError, inspect } from '../../src/index.ts';

const usage = `Usage:
  flow-keys inspect <ciphertext>   what a ciphertext says without a key, as JSON; "-" reads standard input
  flow-keys token                  a new bearer token for the HTTP service, and the hash to configure
`;

const [command, ...operands] = process.argv.slice(2);

if (command === 'inspect' && operands.length === 1) await printSummary(operands[0] ?? '');
else if (command === 'token' && operands.length === 0) printToken();
else if (command === '--help') process.stdout.write(usage);
else fail(usage, 2);

async function printSummary(operand: string): Promise<void> {
  try {
    const summary = await inspect(operand === '-' ? await text(process.stdin) : operand);
    console.log(JSON.stringify(summary, null, 2));
  } catch (error) {
    if (!(error instanceof FlowKeysError)) throw error;
    fail(`${error.code}: ${error.message}\n`, 1);
  }
}

function printToken(): void {
  const token = randomBytes(32).toString('base64url');
  console.log(`token (give it to the caller)        ${token}`);
  console.log(`BEARER_TOKEN_HASHES (configure this) ${createHash('sha256').update(token).digest('hex')}`);
}

function fail(message: string, exitCode: number): void {
  process.stderr.write(message);
  process.exitCode = exitCode;
}
