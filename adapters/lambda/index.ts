import { SSMClient } from '@aws-sdk/client-ssm';
import { ssmKeyStore } from '../key-stores/ssm.ts';
import { createHandler } from './handler.ts';

const environment = process.env;

// The client's browser build loads four times as fast as the one for Node, but reads nothing from the
// environment by itself.
const client = new SSMClient({
  region: required('AWS_REGION'),
  credentials: async () => ({
    accessKeyId: required('AWS_ACCESS_KEY_ID'),
    secretAccessKey: required('AWS_SECRET_ACCESS_KEY'),
    ...(environment['AWS_SESSION_TOKEN'] && { sessionToken: environment['AWS_SESSION_TOKEN'] }),
  }),
  ...endpointFromEnvironment(),
});

/** The function's entry point: `index.handler`. */
export const handler = createHandler({ keyStore: ssmKeyStore({ client }) });

// The variables that every AWS SDK reads: https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
function endpointFromEnvironment(): { endpoint?: string } {
  const endpoint = environment['AWS_ENDPOINT_URL_SSM'] || environment['AWS_ENDPOINT_URL'];
  return endpoint ? { endpoint } : {};
}

function required(name: string): string {
  const value = environment[name];
  if (!value) throw new Error(`The environment variable ${name} is not set; the Lambda runtime sets it.`);
  return value;
}
