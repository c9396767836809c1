import { type ParityRunner, requestId } from '../parity/contact-flow.ts';

/** The Lambda function, with its keys and consumers from the SSM API at `endpoint`. */
export async function lambdaRunner(endpoint: string, consumers: string): Promise<ParityRunner> {
  Object.assign(process.env, {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL_SSM: endpoint,
    CONSUMERS: consumers,
    AUDIT: 'none',
    // Tests that run it in its own process check its output.
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    POWERTOOLS_METRICS_DISABLED: 'true',
  });
  const { handler } = await import('deployed/lambda');
  return {
    async invoke(body) {
      const context = { awsRequestId: requestId, getRemainingTimeInMillis: () => 8_000 };
      return JSON.stringify(await handler(JSON.parse(body), context));
    },
  };
}
