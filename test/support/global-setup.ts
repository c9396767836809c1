import type { TestProject } from 'vitest/node';
import { parityCases } from '../parity/cases.ts';
import { answersOf } from '../parity/contact-flow.ts';
import { parameterName, type Recording } from '../recordings/recordings.ts';
import { consumerDocuments, consumerParameterName } from './consumer-documents.ts';
import { startFaultyProxy } from './faulty-proxy.ts';
import { lambdaRunner } from './lambda.ts';
import { readConnectRecordings, readVectors, type VectorFile } from './shared-data.ts';
import { startSsm } from './ssm.ts';
import { allowedConsumers, bearerToken, storedKeys } from './stored.ts';

declare module 'vitest' {
  interface ProvidedContext {
    ssmEndpoint: string;
    /** The endpoint of moto, for all AWS services; `null` if moto is not installed. */
    awsEndpoint: string | null;
    /** Proxies that inject faults in front of `ssmEndpoint`, one for the tests of each runtime. */
    faultyEndpoints: Readonly<Record<'node' | 'workerd', string>>;
    bearerToken: string;
    allowedConsumers: string;
    /** Recordings from Amazon Connect, from outside the repository. */
    sharedRecordings: readonly Recording[];
    vectors: VectorFile | null;
    /** The response of the Lambda handler to each parity case, for the other runtimes to compare with. */
    lambdaAnswers: Readonly<Record<string, readonly string[]>>;
    /** The documents of the test consumers, by their names. */
    consumerDocuments: Readonly<Record<string, string>>;
  }
}

export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const sharedRecordings = readConnectRecordings()?.recordings ?? [];
  const documents = consumerDocuments();
  const parameters = new Map([
    ...Array.from(storedKeys(), ([keyId, stored]) => [parameterName(keyId), stored] as const),
    ...Array.from(documents, ([name, document]) => [consumerParameterName(name), document] as const),
  ]);
  const ssm = await startSsm(parameters);
  const proxies = { node: await startFaultyProxy(ssm.endpoint), workerd: await startFaultyProxy(ssm.endpoint) };
  const lambda = await lambdaRunner(ssm.endpoint, allowedConsumers);
  const answers: Record<string, readonly string[]> = {};
  for (const { name, bodies } of parityCases(sharedRecordings)) answers[name] = await answersOf(lambda, bodies);

  provide('ssmEndpoint', ssm.endpoint);
  provide('awsEndpoint', ssm.isMoto ? ssm.endpoint : null);
  provide('faultyEndpoints', { node: proxies.node.endpoint, workerd: proxies.workerd.endpoint });
  provide('bearerToken', bearerToken);
  provide('allowedConsumers', allowedConsumers);
  provide('sharedRecordings', sharedRecordings);
  provide('vectors', readVectors() ?? null);
  provide('lambdaAnswers', answers);
  provide('consumerDocuments', Object.fromEntries(documents));
  return async () => {
    await Promise.all([proxies.node.stop(), proxies.workerd.stop()]);
    await ssm.stop();
  };
}
