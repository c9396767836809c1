import { inject } from 'vitest';
import { lambdaRunner } from '../support/lambda.ts';
import { parity } from './suite.ts';

parity(await lambdaRunner(inject('ssmEndpoint'), inject('allowedConsumers')), inject('sharedRecordings'));
