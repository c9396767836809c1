import { inject } from 'vitest';
import { lambdaRunner } from '../support/lambda.ts';
import { contactFlowCases } from './contact-flow.ts';
import { runWithVitest } from './vitest-runner.ts';

const lambda = await lambdaRunner(inject('ssmEndpoint'), inject('allowedConsumers'));
runWithVitest('The Lambda handler on Node answers', contactFlowCases(lambda, inject('sharedRecordings')));
