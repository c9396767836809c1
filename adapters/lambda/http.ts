// Hono plans to move this to the package @hono/aws-lambda, which is not published yet.
import { handle } from 'hono/aws-lambda';
import { logLine } from '../../src/internal.ts';
import { flowSecurityKeys } from '../http/index.ts';
import { assertCallers, settingsFrom } from '../http/settings.ts';
import { assertAuditable, auditWriter } from '../node/audit.ts';
import { awsConsumerStore, awsKeyStore } from '../stores/from-environment.ts';

const settings = settingsFrom(process.env);
assertCallers(settings.authorization);
if (settings.audit === undefined) assertAuditable();

/** The entry point of the HTTP service behind a function URL or API Gateway: `http.handler`. */
export const handler = handle(
  flowSecurityKeys({
    audit: auditWriter(),
    ...settings,
    keyStore: awsKeyStore(process.env),
    consumerStore: awsConsumerStore(process.env),
    // The Lambda runtime adds a prefix to lines that `console` writes.
    log: (line) => process.stdout.write(`${logLine(line)}\n`),
  }),
);
