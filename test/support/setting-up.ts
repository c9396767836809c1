import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteFunctionCommand, GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { DeleteParametersCommand, DescribeParametersCommand, SSMClient } from '@aws-sdk/client-ssm';
import { awsTestClient } from '../key-stores/aws.ts';
import type { TestAws } from './aws.ts';
import { awsSettings } from './aws-settings.ts';
import { deployFunction, forbid, functionName } from './deployed-function.ts';

/** An instance without keys and flows, and a deployed function without settings or permissions. */
export interface NewInstance {
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string;
  /** The arguments of `flow-keys setup`, followed by more arguments. */
  setup(...args: readonly string[]): readonly string[];
  /** The function's environment variables. */
  settings(): Promise<Readonly<Record<string, string>>>;
  /** The names of the parameters. */
  parameters(): Promise<readonly string[]>;
}

export async function newInstance(aws: TestAws): Promise<NewInstance> {
  const lambda = new LambdaClient(awsTestClient(aws.endpoint));
  const ssm = new SSMClient(awsTestClient(aws.endpoint));
  await lambda.send(new DeleteFunctionCommand({ FunctionName: functionName })).catch(() => {});
  await deployFunction(aws);
  await forbid(lambda);
  const { connect } = aws;
  for (const held of [connect.securityKeys, connect.flows, connect.modules, connect.functions, connect.names])
    held.clear();
  const parameters = async () =>
    ((await ssm.send(new DescribeParametersCommand({}))).Parameters ?? []).map(({ Name = '' }) => Name);
  const left = await parameters();
  if (left.length > 0) await ssm.send(new DeleteParametersCommand({ Names: [...left] }));
  const fields = ['card', 'expiry', 'cvc'].flatMap((name) => ['--field', name]);
  return {
    environment: awsSettings(aws.endpoint),
    folder: await mkdtemp(join(tmpdir(), 'setup-')),
    setup: (...args) => [
      ...['setup', '--instance', connect.instanceId, '--function', functionName, '--name', 'Pay by card', ...fields],
      ...args,
    ],
    async settings() {
      const read = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: functionName }));
      return read.Environment?.Variables ?? {};
    },
    parameters,
  };
}
