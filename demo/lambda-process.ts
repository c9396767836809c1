// The Lambda function in a process of its own, as the Lambda service runs it: events come in, answers go
// out, and standard output is its log.
import { handler } from '../dist/lambda/index.mjs';

process.on('message', async ({ call, event, requestId }: { call: number; event: unknown; requestId: string }) => {
  const started = performance.now();
  const answer = await handler(event, { awsRequestId: requestId, getRemainingTimeInMillis: () => 8_000 });
  process.send?.({ call, answer: JSON.stringify(answer), milliseconds: performance.now() - started });
});
