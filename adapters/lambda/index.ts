import { connectSettings } from '../../src/index.ts';
import { awsConsumerStore } from '../stores/aws-consumer-store.ts';
import { awsKeyStore } from '../stores/aws-key-store.ts';
import { createHandler } from './handler.ts';
import { createObserver } from './observe.ts';

/** The function's entry point: `index.handler`. */
export const handler = createHandler({
  keyStore: awsKeyStore(process.env),
  connect: connectSettings(process.env),
  retry: process.env['RETRY'] === 'true',
  consumerStore: awsConsumerStore(process.env),
  ...createObserver(process.env),
});
