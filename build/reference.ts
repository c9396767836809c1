// Generates pages of docs/ from the code: node build/reference.ts. With --check, it compares them instead.
import { readFileSync, writeFileSync } from 'node:fs';
import { statusOf } from '../adapters/http/problem.ts';
import { type ErrorCode, errorCodes } from '../src/errors.ts';
import { commandLinePage } from './command-line.ts';
import { settingsPage } from './settings.ts';

const root = new URL('..', import.meta.url);

const cures: Readonly<Record<ErrorCode, string>> = {
  missing_parameter: 'Pass the input that the message names. In a flow, set the parameter to `$.StoredCustomerInput`.',
  no_caller_input: 'Check for `Timeout` in the flow, and prompt again.',
  not_encrypted:
    'Tick "Encrypt entry" in the block that asks for the input, with the key id and the certificate. Look for the digits in flow logs and contact records.',
  malformed_ciphertext:
    'Pass `$.StoredCustomerInput` unchanged and whole. Paste it into the inspector page to see where it ends.',
  unsupported_message:
    'Check that Connect encrypted the message. For messages of other AWS Encryption SDKs, set the policy `suites` to `all`.',
  key_id_mismatch: 'Pass the key id that the message names, or leave the key id out.',
  invalid_key_id: 'Pass the key id as Connect shows it.',
  unknown_key:
    'Put the private key into the key store under this key id. `flow-keys doctor` shows which keys are missing.',
  invalid_private_key: 'Store an unencrypted RSA private key, as PEM or JWK.',
  decryption_failed:
    'Check that the stored private key belongs to the certificate in Connect, and that the message is unchanged.',
  key_store_unavailable: 'Check the permissions and the network of the key store, then retry.',
  invalid_consumer_name: 'Use a name that the consumer store can hold.',
  unknown_consumer: 'Register the consumer with `flow-keys consumer`, or correct its name.',
  invalid_consumer: "Correct the stored document, or renew the consumer's certificate.",
  consumer_store_unavailable: 'Check the permissions and the network of the consumer store, then retry.',
  audit_unavailable: 'Check that the audit can be written, then retry.',
  deadline_exceeded: 'Retry. If it happens often, check the latency of the key store and raise the deadline.',
  forbidden: 'Use a token that is allowed to, or change what the token or the consumer is allowed.',
  use_failed: "Find the error's class in the log, and correct the code that uses the inputs.",
  use_timed_out: 'Check what the code did before you call it again, and make it idempotent.',
  check_failed: 'Prompt the caller again.',
  answer_too_large: 'Return less from the code that uses the inputs, or decrypt fewer fields.',
  internal_error: 'Report a bug, with the request id and the log line.',
  invalid_request: 'Send a body that matches the schema on `/docs`.',
  rate_limited: 'Wait as long as `retry-after` says, then retry.',
  invalid_flow: 'Export the flow from the flow editor again.',
  not_configured: 'Correct the setting that the message names.',
  service_unreachable: 'Check the URL of the service and the network between.',
  invalid_json: 'Send JSON.',
  unauthorized: 'Send `authorization: Bearer …` with a token of this service. `flow-keys token` creates one.',
  not_found: 'Check the path. `/docs` lists the routes.',
  method_not_allowed: 'Use a method that the `allow` header names.',
  request_timeout: 'Send the body faster, or check the network between.',
  body_too_large: 'Send fewer items in one request.',
  unsupported_media_type: 'Send `content-type: application/json`.',
  issuer_unavailable: "Check that the service reaches the issuer's keys, then retry.",
  shutting_down: 'Retry: another instance takes the request.',
};

/** The contents of docs/errors.md: each code with its cause, from src/errors.ts, and what to do. */
export function errorsPage(): string {
  const source = readFileSync(new URL('src/errors.ts', root), 'utf8');
  const causes = new Map(
    [...source.matchAll(/\/\*\* (.+) \*\/\n {2}(\w+): '/g)].map(([, cause, code]) => [code, cause]),
  );
  const codes = Object.keys(errorCodes).filter((code): code is ErrorCode => code in errorCodes);
  const rows = codes.map(
    (code) => `| \`${code}\` | ${statusOf[code]} | ${causes.get(code) ?? errorCodes[code]} | ${cures[code]} |`,
  );
  return `# Errors

Every error has a stable code, so flows, dashboards and clients can branch on it. Over HTTP, an error is
\`application/problem+json\` (RFC 9457) with this status. This page is generated: \`node build/reference.ts\`.

| Code | Status | Cause | What to do |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}

/** The pages of docs/ that are generated from the code. */
export const generatedPages: Readonly<Record<string, () => string | Promise<string>>> = {
  'docs/command-line.md': commandLinePage,
  'docs/errors.md': errorsPage,
  'docs/settings.md': settingsPage,
};

if (import.meta.main) {
  for (const [path, pageOf] of Object.entries(generatedPages)) {
    const file = new URL(path, root);
    const page = await pageOf();
    if (!process.argv.includes('--check')) writeFileSync(file, page);
    else if (readFileSync(file, 'utf8') !== page) {
      console.error(`${path} differs from the code. Run: node build/reference.ts`);
      process.exitCode = 1;
    }
  }
}
