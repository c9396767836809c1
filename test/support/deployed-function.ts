import {
  AddPermissionCommand,
  CreateFunctionCommand,
  LambdaClient,
  RemovePermissionCommand,
} from '@aws-sdk/client-lambda';
import { awsTestClient } from '../key-stores/aws.ts';
import type { TestAws } from './aws.ts';

export const functionName = 'flow-security-keys';

/**
 * Creates the function in AWS: its configuration, and the permission of the instance to invoke it. `aws.invoke` is its code.
 *
 * @returns its ARN
 */
export async function deployFunction(aws: TestAws): Promise<string> {
  const lambda = new LambdaClient(awsTestClient(aws.endpoint));
  const { FunctionArn: arn = '' } = await lambda.send(
    new CreateFunctionCommand({
      ...{
        FunctionName: functionName,
        Role: await createRole(aws),
        Runtime: 'nodejs22.x',
        Handler: 'index.handler',
        Timeout: 8,
      },
      Code: { ZipFile: Buffer.from('what the test runs itself') },
    }),
  );
  aws.connect.functions.add(arn);
  await permit(lambda, aws.connect.instanceId);
  return arn;
}

/** Lets only one instance invoke the function. */
export async function permit(lambda: LambdaClient, instanceId: string): Promise<void> {
  await forbid(lambda);
  await lambda.send(
    new AddPermissionCommand({
      ...{ FunctionName: functionName, StatementId: 'connect', Action: 'lambda:InvokeFunction' },
      Principal: 'connect.amazonaws.com',
      SourceArn: `arn:aws:connect:us-east-1:123456789012:instance/${instanceId}`,
    }),
  );
}

export async function forbid(lambda: LambdaClient): Promise<void> {
  await lambda
    .send(new RemovePermissionCommand({ FunctionName: functionName, StatementId: 'connect' }))
    .catch(() => {});
}

/** moto requires a role for a function. */
async function createRole(aws: TestAws): Promise<string> {
  const scope = 'Credential=test/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=test';
  const call = { Action: 'CreateRole', Version: '2010-05-08', RoleName: 'function', AssumeRolePolicyDocument: '{}' };
  const response = await fetch(aws.endpoint, {
    method: 'POST',
    headers: {
      authorization: `AWS4-HMAC-SHA256 ${scope}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams(call),
  });
  // It exists if a test deploys the function again.
  return (await response.text()).match(/<Arn>(.+)<\/Arn>/)?.[1] ?? 'arn:aws:iam::123456789012:role/function';
}
