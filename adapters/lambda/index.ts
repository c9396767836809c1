import { connectSettings } from '../../src/index.ts';
import { isAuditOff } from '../http/settings.ts';
import { assertAuditable } from '../node/audit.ts';
import { awsConsumerStore, awsKeyStore } from '../stores/from-environment.ts';
import { createHandler } from './handler.ts';
import { createObserver } from './observe.ts';

const connect = connectSettings(process.env);
if (connect.consumers.length > 0 && !isAuditOff(process.env)) assertAuditable();

/** The function's entry point: `index.handler`. */
export const handler = createHandler({
  keyStore: awsKeyStore(process.env),
  connect,
  retry: process.env['RETRY'] === 'true',
  consumerStore: awsConsumerStore(process.env),
  ...createObserver(process.env),
});
