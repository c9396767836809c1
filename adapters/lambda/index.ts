import { buffer } from 'node:stream/consumers';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { connectSettings } from '../../src/index.ts';
import { isAuditOff } from '../http/settings.ts';
import { assertAuditable } from '../node/audit.ts';
import type { AwsTransport } from '../stores/aws-client.ts';
import { awsConsumerStore, awsKeyStore } from '../stores/from-environment.ts';
import { createHandler } from './handler.ts';
import { createObserver } from './observe.ts';
import { warmUp } from './warm-up.ts';

const connect = connectSettings(process.env);
if (connect.consumers.length > 0 && !isAuditOff(process.env)) assertAuditable();

// The Lambda runtime has already loaded node:http, while `fetch` would start another client. The browser builds of the AWS
// clients load four times as fast, but read only web streams.
const transport: AwsTransport = {
  requestHandler: new NodeHttpHandler(),
  streamCollector: async (stream: NodeJS.ReadableStream) => new Uint8Array(await buffer(stream)),
};

/** The function's entry point: `index.handler`. */
export const handler = createHandler({
  keyStore: awsKeyStore(process.env, transport),
  connect,
  retry: process.env['RETRY'] === 'true',
  consumerStore: awsConsumerStore(process.env, transport),
  ...createObserver(process.env),
});

// An error here occurs again in the first call, which reports it.
await warmUp(process.env).catch(() => {});
