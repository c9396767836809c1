import { type AwsOptions, callAws, clientConfiguration, inRegionOf, unlessAbsent } from './aws.ts';

/** A Lambda function. Each method throws CommandError `aws_refused` or `aws_unavailable`. */
export interface LambdaFunction {
  readonly name: string;
  readonly arn: string;
  configuration(): Promise<FunctionConfiguration>;
  /** Sets environment variables, and keeps the others. */
  configure(settings: Readonly<Record<string, string>>): Promise<void>;
  /** The resource policy, as JSON; `undefined` where there is none. */
  policy(): Promise<string | undefined>;
  /** Lets a Connect instance of the same account and region invoke the function. */
  permit(instanceId: string): Promise<void>;
}

export interface FunctionConfiguration {
  readonly name: string;
  readonly arn: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  /** Such as `Active`. */
  readonly state: string;
}

const functionArn = /^arn:(aws[a-z-]*):lambda:([a-z0-9-]+):(\d{12}):function:([A-Za-z0-9_-]+)(?::([A-Za-z0-9_-]+))?$/;

/** The ARN of a function, from its name or ARN. */
export async function functionArnOf(nameOrArn: string, options: AwsOptions): Promise<string> {
  return functionArn.test(nameOrArn) ? nameOrArn : (await readFunction(nameOrArn, options)).arn;
}

/** A client in the region of a function, and its module. */
export async function lambdaClient(nameOrArn: string, options: AwsOptions) {
  const lambda = await import('@aws-sdk/client-lambda');
  return { lambda, client: new lambda.LambdaClient(clientConfiguration(inRegionOf(nameOrArn, options))) };
}

/** @throws CommandError `aws_refused`, `aws_unavailable` */
export async function readFunction(nameOrArn: string, options: AwsOptions): Promise<FunctionConfiguration> {
  const { lambda, client } = await lambdaClient(nameOrArn, options);
  const read = await callAws(`read function ${nameOrArn}`, 'lambda:GetFunctionConfiguration', () =>
    client.send(new lambda.GetFunctionConfigurationCommand({ FunctionName: nameOrArn })),
  );
  return {
    name: read.FunctionName ?? nameOrArn,
    arn: read.FunctionArn ?? '',
    environment: read.Environment?.Variables ?? {},
    timeoutSeconds: read.Timeout ?? 0,
    state: read.State ?? 'Active',
  };
}

/** @throws CommandError `aws_refused`, `aws_unavailable` */
export async function openFunction(nameOrArn: string, options: AwsOptions): Promise<LambdaFunction> {
  const { lambda, client } = await lambdaClient(nameOrArn, options);
  const given = { FunctionName: nameOrArn };
  const configuration = () => readFunction(nameOrArn, options);
  const { name, arn } = await configuration();
  return {
    name,
    arn,
    configuration,

    async configure(settings) {
      const { environment } = await configuration();
      const Environment = { Variables: { ...environment, ...settings } };
      await callAws(`set the settings of function ${name}`, 'lambda:UpdateFunctionConfiguration', async () => {
        await client.send(new lambda.UpdateFunctionConfigurationCommand({ ...given, Environment }));
        // Until the update is done, Lambda still runs the former settings.
        await lambda.waitUntilFunctionUpdatedV2({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 5 }, given);
      });
    },

    async policy() {
      const response = await callAws(`read the policy of function ${name}`, 'lambda:GetPolicy', () =>
        unlessAbsent(client.send(new lambda.GetPolicyCommand(given))),
      );
      return response?.Policy;
    },

    async permit(instanceId) {
      const [, partition, region, account] = arn.match(functionArn) ?? [];
      const command = new lambda.AddPermissionCommand({
        ...given,
        ...{ StatementId: `connect-${instanceId}`, Action: 'lambda:InvokeFunction' },
        ...{ Principal: 'connect.amazonaws.com', SourceAccount: account },
        SourceArn: `arn:${partition}:connect:${region}:${account}:instance/${instanceId}`,
      });
      await callAws(`let Connect invoke function ${name}`, 'lambda:AddPermission', () => client.send(command));
    },
  };
}
