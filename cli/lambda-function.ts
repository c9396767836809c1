import { type AwsOptions, callAws, clientConfiguration } from './aws.ts';

/** A Lambda function, as far as a flow must fit it. */
export interface FunctionConfiguration {
  readonly name: string;
  readonly arn: string;
  readonly environment: Readonly<Record<string, string>>;
}

const functionArn = /^arn:aws[a-z-]*:lambda:([a-z0-9-]+):\d{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9_-]+)?$/;

/** The ARN of a function that is named by it, or by its name. */
export async function functionArnOf(nameOrArn: string, options: AwsOptions): Promise<string> {
  return functionArn.test(nameOrArn) ? nameOrArn : (await readFunction(nameOrArn, options)).arn;
}

/**
 * @param name its name or its ARN, which names the region, too
 * @throws CommandError `aws_refused`, `aws_unavailable`
 */
export async function readFunction(name: string, options: AwsOptions): Promise<FunctionConfiguration> {
  const { LambdaClient, GetFunctionConfigurationCommand } = await import('@aws-sdk/client-lambda');
  const region = name.match(functionArn)?.[1];
  const client = new LambdaClient(clientConfiguration({ ...options, ...(region !== undefined && { region }) }));
  const command = new GetFunctionConfigurationCommand({ FunctionName: name });
  const configuration = await callAws(`read function ${name}`, 'lambda:GetFunctionConfiguration', () =>
    client.send(command),
  );
  return {
    name: configuration.FunctionName ?? name,
    arn: configuration.FunctionArn ?? '',
    environment: configuration.Environment?.Variables ?? {},
  };
}
