import { type AwsErrorKind, awsErrorKind, isAwsError } from '../adapters/stores/aws-errors.ts';
import { FlowKeysError } from '../src/errors.ts';
import { CommandError } from './output/command-error.ts';

/** The account and region. By default, the AWS SDK finds them. */
export interface AwsOptions {
  readonly profile?: string;
  readonly region?: string;
}

/**
 * The configuration of a client. Credentials, region and endpoint come from the same places as for the AWS CLI.
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

/** The options for a resource: an ARN also names its region. */
export function inRegionOf<Options extends AwsOptions>(nameOrArn: string, options: Options): Options {
  const [, region] = nameOrArn.match(/^arn:[^:]+:[^:]+:([a-z0-9-]+):/) ?? [];
  return region === undefined ? options : { ...options, region };
}

/** The AWS CLI reads both variables, the SDK only the first. Without either, the profile's region counts. */
function regionOf({ AWS_REGION, AWS_DEFAULT_REGION }: NodeJS.ProcessEnv): string | undefined {
  return AWS_REGION || AWS_DEFAULT_REGION || undefined;
}

/**
 * Calls AWS. An error becomes a sentence that says what failed and what to do.
 *
 * @param what such as `upload the public key to Connect`
 * @param permission the IAM action that the call needs
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

/** The response of a call; `undefined` if AWS says that the resource does not exist. */
export async function unlessAbsent<T>(response: Promise<T>): Promise<T | undefined> {
  try {
    return await response;
  } catch (error) {
    if (isAwsError(error, 'ResourceNotFoundException') || isAwsError(error, 'ParameterNotFound')) return undefined;
    throw error;
  }
}

/** The items of all pages. */
export async function collect<Page, Item>(
  pages: AsyncIterable<Page>,
  items: (page: Page) => readonly Item[] | undefined,
): Promise<readonly Item[]> {
  const all: Item[] = [];
  for await (const page of pages) all.push(...(items(page) ?? []));
  return all;
}

/** Whether these credentials may not read something, or it does not exist in this account and region. */
export function isUnreadable(error: unknown): boolean {
  return error instanceof CommandError && error.code === 'aws_refused';
}

const reasons: Readonly<
  Record<AwsErrorKind, (failure: { readonly permission: string; readonly name: string }) => string>
> = {
  denied: ({ permission }) => `access is denied; allow ${permission} to these credentials`,
  'no-region': () => 'no AWS region is set; pass --region, or set AWS_REGION',
  'no-credentials': () =>
    'AWS credentials are missing, or there is no profile with this name ("aws configure list-profiles" lists them); pass --profile, log in with "aws sso login", or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  'bad-credentials': () => 'the AWS credentials are invalid or expired; log in again',
  absent: () => 'it does not exist in this account and region; check the name or id, --region and --profile',
  limit: ({ name }) => `AWS answered ${name}: a limit is reached, or it already exists`,
  'not-published': () => 'the flow was never published; publish it once in the flow editor',
  'bad-endpoint': () => 'the region or the endpoint is invalid; check --region and AWS_ENDPOINT_URL',
  'invalid-flow': () => 'Connect finds the flow invalid; open it in the flow editor, which shows the cause',
  'invalid-request': ({ name }) => `AWS answered ${name}: check the ids that were passed`,
  throttled: () => 'AWS throttles the calls; try again in a minute',
  unreachable: () => 'AWS cannot be reached; check the network, --region and AWS_ENDPOINT_URL',
  unknown: ({ name }) => `AWS answered ${name}; try again, and check the AWS Health Dashboard`,
};
