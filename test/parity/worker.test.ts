import { exports } from 'cloudflare:workers';
import { inject } from 'vitest';
import { contactFlowCases, requestId } from './contact-flow.ts';
import { runWithVitest } from './vitest-runner.ts';

const worker = {
  async invoke(body: string): Promise<string> {
    const response = await exports.default.fetch(
      new Request('https://service.example/v1/connect', {
        method: 'POST',
        headers: {
          authorization: `Bearer ${inject('bearerToken')}`,
          'content-type': 'application/json',
        },
        body,
      }),
    );
    // The service gives each request an id of its own.
    return (await response.text()).replaceAll(response.headers.get('x-request-id') ?? '', requestId);
  },
};

runWithVitest(
  'The worker on workerd answers',
  contactFlowCases(worker, inject('sharedRecordings'), inject('lambdaAnswers')),
);
