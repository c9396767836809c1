import { member } from '../../src/flow/index.ts';
import { type AwsOptions, clientConfiguration, inRegionOf } from '../aws.ts';
import type { ConnectInstance } from '../connect/instance.ts';
import { reasonOf } from '../proof.ts';
import { type Finding, ok, problem, skipped } from './check.ts';

const longestSeconds = 8;

/** Whether Connect may invoke the function, and the function is as Connect needs it. */
export async function checkFunction(
  name: string,
  options: AwsOptions,
  instance: ConnectInstance | undefined,
): Promise<readonly Finding[]> {
  const { LambdaClient, GetFunctionConfigurationCommand, GetPolicyCommand } = await import('@aws-sdk/client-lambda');
  const client = new LambdaClient(clientConfiguration(inRegionOf(name, options)));
  try {
    const {
      FunctionArn: arn = '',
      Timeout: timeout = 0,
      State: state,
    } = await client.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
    const { Policy: policy } = await client.send(new GetPolicyCommand({ FunctionName: name })).catch(absentPolicy);
    return [
      state === undefined || state === 'Active'
        ? ok('function', `${arn}, ${timeout} s`)
        : problem('function', `it is ${state}`, `Deploy function ${name} again: it is not active.`),
      ...(timeout > longestSeconds ? [tooSlow(name, timeout)] : []),
      policyFinding(name, policy, instance?.id),
      ...(instance ? [await associationFinding(arn, instance)] : [skipped('association', 'pass --instance')]),
    ];
  } catch (error) {
    const errorName = error instanceof Error ? error.name : '';
    const mend =
      errorName === 'ResourceNotFoundException'
        ? `Deploy function ${name} in this account and region, or check its name, --region and --profile.`
        : `Allow lambda:GetFunctionConfiguration and lambda:GetPolicy to these credentials, and check --region and the network.`;
    return [problem('function', `AWS answered ${errorName || reasonOf(error)}`, mend)];
  }
}

function tooSlow(name: string, timeout: number): Finding {
  const mend = `Set the time-out of function ${name} to ${longestSeconds} seconds: Connect waits no longer.`;
  return problem('time-out', `${timeout} s, and Connect waits ${longestSeconds}`, mend);
}

function absentPolicy(error: unknown): { readonly Policy?: string } {
  if (error instanceof Error && error.name === 'ResourceNotFoundException') return {};
  throw error;
}

/** Whether the function's policy lets Connect in, and if it names an instance, this one. */
export function policyFinding(name: string, policy: string | undefined, instanceId: string | undefined): Finding {
  const statements = policy === undefined ? undefined : member(JSON.parse(policy), 'Statement');
  const ofConnect = (Array.isArray(statements) ? statements : []).filter(
    (statement) =>
      member(statement, 'Effect') === 'Allow' &&
      member(member(statement, 'Principal'), 'Service') === 'connect.amazonaws.com',
  );
  const admits = ofConnect.filter((statement) => {
    const condition = JSON.stringify(member(statement, 'Condition') ?? null);
    return (
      instanceId === undefined || !condition.includes(':instance/') || condition.includes(`:instance/${instanceId}`)
    );
  });
  if (admits.length > 0) return ok('policy', 'lets Connect invoke the function');
  const command = `aws lambda add-permission --function-name ${name} --statement-id connect --principal connect.amazonaws.com --action lambda:InvokeFunction --source-arn <instance ARN>`;
  const what =
    ofConnect.length > 0
      ? 'lets another Connect instance in, not this one'
      : 'does not let Connect invoke the function';
  return problem('policy', what, `Allow Connect to invoke the function: ${command}.`);
}

async function associationFinding(arn: string, instance: ConnectInstance): Promise<Finding> {
  try {
    const functions = await instance.lambdaFunctions();
    if (functions.includes(arn)) return ok('association', `instance ${instance.id} offers it to flows`);
    const mend = `Tie the function to the instance: aws connect associate-lambda-function --instance-id ${instance.id} --function-arn ${arn}.`;
    return problem('association', `instance ${instance.id} does not offer it to flows`, mend);
  } catch (error) {
    return problem('association', 'Connect does not say', reasonOf(error));
  }
}
