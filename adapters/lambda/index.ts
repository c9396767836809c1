import { SSMClient } from '@aws-sdk/client-ssm';
import { awsClientConfiguration } from '../key-stores/aws-client.ts';
import { ssmKeyStore } from '../key-stores/ssm.ts';
import { createHandler } from './handler.ts';

const client = new SSMClient(awsClientConfiguration(process.env, 'SSM'));

/** The function's entry point: `index.handler`. */
export const handler = createHandler({ keyStore: ssmKeyStore({ client }) });
