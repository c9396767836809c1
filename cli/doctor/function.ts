import { member } from '../../src/flow/index.ts';
import { parseJson } from '../../src/internal.ts';
import type { AwsOptions } from '../aws.ts';
import type { ConnectInstance } from '../connect/instance.ts';
import { openFunction } from '../lambda-function.ts';
import { CommandError } from '../output/command-error.ts';
import { reasonOf } from '../proof.ts';
import { type Finding, ok, problem, skipped } from './check.ts';

const longestSeconds = 8;

/** Checks that the function is active and fast enough for Connect, and that Connect may invoke it. */
export async function checkFunction(
  nameOrArn: string,
  options: AwsOptions,
  instance: ConnectInstance | undefined,
): Promise<readonly Finding[]> {
  try {
    const lambda = await openFunction(nameOrArn, options);
    const { arn, state, timeoutSeconds } = await lambda.configuration();
    return [
      state === 'Active'
        ? ok('function', `${arn}, ${timeoutSeconds} s`)
        : problem('function', `it is ${state}`, `Deploy function ${nameOrArn} again: it is not active.`),
      ...(timeoutSeconds > longestSeconds ? [tooSlow(nameOrArn, timeoutSeconds)] : []),
      policyFinding(nameOrArn, await lambda.policy(), instance?.id),
      ...(instance ? [await associationFinding(arn, instance)] : [skipped('association', 'pass --instance')]),
    ];
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const fix =
      error.cause?.name === 'ResourceNotFoundException'
        ? `Deploy function ${nameOrArn} in this account and region, or check its name, --region and --profile.`
        : error.message;
    return [problem('function', 'it cannot be read', fix)];
  }
}

function tooSlow(name: string, timeoutSeconds: number): Finding {
  const fix = `Set the timeout of function ${name} to ${longestSeconds} seconds: Connect does not wait longer.`;
  return problem('timeout', `${timeoutSeconds} s, but Connect waits ${longestSeconds} s`, fix);
}

/** Checks that the function's policy lets Connect invoke it, from this instance if the policy names one. */
export function policyFinding(name: string, policy: string | undefined, instanceId: string | undefined): Finding {
  const statements = member(parseJson(policy ?? ''), 'Statement');
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
      ? 'lets another Connect instance invoke the function, but not this one'
      : 'does not let Connect invoke the function';
  return problem('policy', what, `Allow Connect to invoke the function: ${command}.`);
}

async function associationFinding(arn: string, instance: ConnectInstance): Promise<Finding> {
  try {
    const functions = await instance.lambdaFunctions();
    if (functions.includes(arn)) return ok('association', `instance ${instance.id} offers the function to flows`);
    const fix = `Associate the function with the instance: aws connect associate-lambda-function --instance-id ${instance.id} --function-arn ${arn}.`;
    return problem('association', `instance ${instance.id} does not offer the function to flows`, fix);
  } catch (error) {
    return problem('association', 'the functions of the instance cannot be listed', reasonOf(error));
  }
}
