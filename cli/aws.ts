import { type AwsErrorKind, awsErrorKind } from '../adapters/stores/aws-errors.ts';
import { FlowKeysError } from '../src/errors.ts';
import { CommandError } from './output/command-error.ts';

/** Which account and region to work in; by default those that the AWS SDK finds by itself. */
export interface AwsOptions {
  readonly profile?: string;
  readonly region?: string;
}

/**
 * The configuration of a client. Credentials, region and endpoint come from where the AWS CLI has them too.
 *
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
export function clientConfiguration({ profile, region = regionOf(process.env) }: AwsOptions) {
  return {
    ...(profile !== undefined && { profile }),
    ...(region !== undefined && { region }),
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 3_000, requestTimeout: 15_000, throwOnRequestTimeout: true },
  };
}

/** The options for a thing that is named by its name or by its ARN, which names the region, too. */
export function inRegionOf<Options extends AwsOptions>(nameOrArn: string, options: Options): Options {
  const [, region] = nameOrArn.match(/^arn:[^:]+:[^:]+:([a-z0-9-]+):/) ?? [];
  return region === undefined || options.region !== undefined ? options : { ...options, region };
}

/** The AWS CLI knows two names for it, the SDK the first alone; without, it is the profile's. */
function regionOf({ AWS_REGION, AWS_DEFAULT_REGION }: NodeJS.ProcessEnv): string | undefined {
  return AWS_REGION || AWS_DEFAULT_REGION || undefined;
}

/**
 * Does a call, and makes one sentence of what AWS answers if it fails.
 *
 * @param what as `upload the public key to Connect`
 * @param permission the IAM action it needs
 * @throws CommandError `aws_refused`, `aws_unavailable`
 */
export async function callAws<T>(what: string, permission: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof Error) || error instanceof CommandError || error instanceof FlowKeysError) throw error;
    const kind = awsErrorKind(error);
    const isOutage = kind === 'throttled' || kind === 'unreachable' || kind === 'unknown';
    const reason = reasons[kind]({ permission, name: error.name });
    throw new CommandError(isOutage ? 'aws_unavailable' : 'aws_refused', `Could not ${what}: ${reason}.`, error);
  }
}

/** Whether AWS keeps something from these credentials, or does not know it here. */
export function isUnreadable(error: unknown): boolean {
  return error instanceof CommandError && error.code === 'aws_refused';
}

const reasons: Readonly<
  Record<AwsErrorKind, (failure: { readonly permission: string; readonly name: string }) => string>
> = {
  denied: ({ permission }) => `access is denied; allow ${permission} to these credentials`,
  'no-region': () => 'no AWS region is set; pass --region, or set AWS_REGION',
  'no-credentials': () =>
    'there are no AWS credentials, or no profile of the name that was passed ("aws configure list-profiles" lists them); pass --profile, log in with "aws sso login", or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  'bad-credentials': () => 'the AWS credentials are wrong or have expired; log in again',
  absent: () => 'there is no such thing in this account and region; check the id, --region and --profile',
  limit: ({ name }) => `AWS answered ${name}: a limit is reached, or it is there already`,
  'not-published': () => 'the flow was never published; publish it once in the flow editor',
  'bad-endpoint': () => 'the region or the endpoint is no name of one; check --region and AWS_ENDPOINT_URL',
  'invalid-flow': () => 'Connect finds the flow invalid; open it in the flow editor, which says where',
  'invalid-request': ({ name }) => `AWS answered ${name}: check the ids that were passed`,
  throttled: () => 'AWS throttles; try again in a minute',
  unreachable: () => 'AWS cannot be reached; check the network, --region and AWS_ENDPOINT_URL',
  unknown: ({ name }) => `AWS answered ${name}; try again, and see AWS's health page`,
};
