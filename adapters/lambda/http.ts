// Hono means to move this to a package of its own, @hono/aws-lambda, which is not published yet.
import { handle } from 'hono/aws-lambda';
import { FlowKeysError } from '../../src/index.ts';
import { logLine } from '../../src/internal.ts';
import { flowSecurityKeys } from '../http/index.ts';
import { hasCallers, settingsFrom } from '../http/settings.ts';
import { assertAuditable, auditWriter } from '../node/audit.ts';
import { awsConsumerStore, awsKeyStore } from '../stores/from-environment.ts';

const settings = settingsFrom(process.env);
if (!hasCallers(settings.authorization)) {
  throw new FlowKeysError(
    'not_configured',
    'Nobody may call: configure BEARER_TOKEN_HASHES ("flow-keys token" makes one) or JWT_ISSUER.',
  );
}
if (settings.audit === undefined) assertAuditable();

/** The entry point of the HTTP service behind a function URL or API Gateway: `http.handler`. */
export const handler = handle(
  flowSecurityKeys({
    audit: auditWriter(),
    ...settings,
    keyStore: awsKeyStore(process.env),
    consumerStore: awsConsumerStore(process.env),
    // The runtime would put a prefix before what `console` is given.
    log: (line) => process.stdout.write(`${logLine(line)}\n`),
  }),
);
