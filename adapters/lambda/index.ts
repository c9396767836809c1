import { awsKeyStore } from '../key-stores/aws-key-store.ts';
import { createHandler } from './handler.ts';

/** The function's entry point: `index.handler`. */
export const handler = createHandler({ keyStore: awsKeyStore(process.env) });
