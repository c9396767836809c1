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
    if (!(error instanceof Error) || error instanceof CommandError) throw error;
    const known = [...refusals, ...outages].find(
      ({ pattern }) => pattern.test(error.name) || pattern.test(error.message),
    );
    const code = known !== undefined && refusals.includes(known) ? 'aws_refused' : 'aws_unavailable';
    const reason =
      known?.reason(permission, error) ?? `AWS answered ${error.name}; try again, and see AWS's health page`;
    throw new CommandError(code, `Could not ${what}: ${reason}.`, error);
  }
}

/** Whether AWS answered with an error of that name. */
export function isAwsError(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}

interface Failure {
  readonly pattern: RegExp;
  readonly reason: (permission: string, error: Error) => string;
}

const refusals: readonly Failure[] = [
  {
    pattern: /AccessDenied|NotAuthorized/,
    reason: (permission) => `access is denied; allow ${permission} to these credentials`,
  },
  {
    pattern: /^Region is missing$/,
    reason: () => 'no AWS region is set; pass --region, or set AWS_REGION',
  },
  {
    pattern: /CredentialsProviderError|Could not load credentials|Credential is missing/,
    reason: () =>
      'there are no AWS credentials; pass --profile, log in with "aws sso login", or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  },
  {
    pattern:
      /ExpiredToken|UnrecognizedClient|InvalidSignature|InvalidClientTokenId|SignatureDoesNotMatch|TokenRefreshRequired/,
    reason: () => 'the AWS credentials are wrong or have expired; log in again',
  },
  {
    pattern: /ResourceNotFound|ParameterNotFound|NotFoundException/,
    reason: () => 'there is no such thing in this account and region; check the id, --region and --profile',
  },
  {
    pattern: /ServiceQuotaExceeded|LimitExceeded|ResourceConflict|DuplicateResource/,
    reason: (_, { name }) => `AWS answered ${name}: a limit is reached, or it is there already`,
  },
  {
    pattern: /ContactFlowNotPublished/,
    reason: () => 'the flow was never published; publish it once in the flow editor',
  },
  {
    pattern: /Region not accepted|Invalid URL|Invalid hostname/i,
    reason: () => 'the region or the endpoint is no name of one; check --region and AWS_ENDPOINT_URL',
  },
  {
    pattern: /InvalidContactFlow/,
    reason: () => 'Connect finds the flow invalid; open it in the flow editor, which says where',
  },
  {
    pattern: /InvalidParameter|InvalidRequest|ValidationException|InvalidKeyId/,
    reason: (_, { name }) => `AWS answered ${name}: check the ids that were passed`,
  },
];

const outages: readonly Failure[] = [
  { pattern: /Throttl|TooManyRequests|RequestLimit/, reason: () => 'AWS throttles; try again in a minute' },
  {
    pattern:
      /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|ECONNRESET|TimeoutError|timed out|socket hang up/i,
    reason: () => 'AWS cannot be reached; check the network, --region and AWS_ENDPOINT_URL',
  },
];
