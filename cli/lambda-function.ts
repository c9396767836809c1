import { isAwsError } from '../adapters/stores/aws-errors.ts';
import { type AwsOptions, callAws, clientConfiguration } from './aws.ts';

/** A Lambda function, as far as flows depend on it. */
export interface LambdaFunction {
  readonly name: string;
  readonly arn: string;
  configuration(): Promise<FunctionConfiguration>;
  /** Sets environment variables beside those that are there. */
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
}

const functionArn = /^arn:(aws[a-z-]*):lambda:([a-z0-9-]+):(\d{12}):function:([A-Za-z0-9_-]+)(?::([A-Za-z0-9_-]+))?$/;

/** The ARN of a function that is named by it, or by its name. */
export async function functionArnOf(nameOrArn: string, options: AwsOptions): Promise<string> {
  return functionArn.test(nameOrArn) ? nameOrArn : (await readFunction(nameOrArn, options)).arn;
}

/**
 * @param name its name or its ARN, which names the region, too
 * @throws CommandError `aws_refused`, `aws_unavailable`
 */
export async function readFunction(name: string, options: AwsOptions): Promise<FunctionConfiguration> {
  return (await openFunction(name, options)).configuration();
}

/**
 * @param name its name or its ARN, which names the region, too
 * @throws CommandError `aws_refused`, `aws_unavailable`, also from each method
 */
export async function openFunction(name: string, options: AwsOptions): Promise<LambdaFunction> {
  const lambda = await import('@aws-sdk/client-lambda');
  const region = name.match(functionArn)?.[2];
  const client = new lambda.LambdaClient(clientConfiguration({ ...options, ...(region !== undefined && { region }) }));
  const given = { FunctionName: name };

  async function configuration(): Promise<FunctionConfiguration> {
    const read = await callAws(`read function ${name}`, 'lambda:GetFunctionConfiguration', () =>
      client.send(new lambda.GetFunctionConfigurationCommand(given)),
    );
    return {
      name: read.FunctionName ?? name,
      arn: read.FunctionArn ?? '',
      environment: read.Environment?.Variables ?? {},
    };
  }

  const { name: functionName, arn } = await configuration();
  return {
    name: functionName,
    arn,
    configuration,

    async configure(settings) {
      const { environment } = await configuration();
      const Environment = { Variables: { ...environment, ...settings } };
      await callAws(`set the settings of function ${name}`, 'lambda:UpdateFunctionConfiguration', async () => {
        await client.send(new lambda.UpdateFunctionConfigurationCommand({ ...given, Environment }));
        // Until then, Lambda still runs the former ones.
        await lambda.waitUntilFunctionUpdatedV2({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 5 }, given);
      });
    },

    policy() {
      return callAws(`read the policy of function ${name}`, 'lambda:GetPolicy', async () => {
        try {
          return (await client.send(new lambda.GetPolicyCommand(given))).Policy;
        } catch (error) {
          if (isAwsError(error, 'ResourceNotFoundException')) return undefined;
          throw error;
        }
      });
    },

    async permit(instanceId) {
      const [, partition, arnRegion, account] = arn.match(functionArn) ?? [];
      const command = new lambda.AddPermissionCommand({
        ...given,
        ...{ StatementId: `connect-${instanceId}`, Action: 'lambda:InvokeFunction' },
        ...{ Principal: 'connect.amazonaws.com', SourceAccount: account },
        SourceArn: `arn:${partition}:connect:${arnRegion}:${account}:instance/${instanceId}`,
      });
      await callAws(`let Connect invoke function ${name}`, 'lambda:AddPermission', () => client.send(command));
    },
  };
}
