// Runs the Lambda function in a separate process, as the Lambda service does. Events and responses are messages, and
// standard output is the log.
import { handler } from '../dist/lambda/index.mjs';

process.on('message', async ({ call, event, requestId }: { call: number; event: unknown; requestId: string }) => {
  const started = performance.now();
  const answer = await handler(event, { awsRequestId: requestId, getRemainingTimeInMillis: () => 8_000 });
  process.send?.({ call, answer: JSON.stringify(answer), milliseconds: performance.now() - started });
});
