import type { SSMClientConfig } from '@aws-sdk/client-ssm';
import { FlowKeysError } from '../../src/index.ts';
import { awsErrorKind } from './aws-errors.ts';

/** Where an AWS client's settings come from: `process.env`, or a Worker's bindings. */
export type Environment = Readonly<Record<string, unknown>>;

/** What sends a client's requests, and what reads the bodies of its responses. */
export type AwsTransport = Pick<SSMClientConfig, 'requestHandler' | 'streamCollector'>;

/**
 * The configuration of an AWS client. The clients' browser builds, which the bundles hold, load four times
 * as fast as those for Node, but read nothing from the environment by themselves.
 *
 * @param service the service's name in `AWS_ENDPOINT_URL_<SERVICE>`
 * @param transport how requests are sent. Default: with `fetch`
 * @throws FlowKeysError `not_configured` for a setting that is missing
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
 */
export function awsClientConfiguration(
  environment: Environment,
  service: 'SSM' | 'SECRETS_MANAGER',
  transport: AwsTransport = {},
) {
  const text = (name: string) => (typeof environment[name] === 'string' ? environment[name] : '');
  const required = (name: string) => {
    if (text(name) !== '') return text(name);
    const message = `${name} is not set; the Lambda runtime sets it, elsewhere configure it.`;
    throw new FlowKeysError('not_configured', message);
  };
  const sessionToken = text('AWS_SESSION_TOKEN');
  const endpoint = text(`AWS_ENDPOINT_URL_${service}`) || text('AWS_ENDPOINT_URL');
  return {
    region: required('AWS_REGION'),
    // Without them, the clients' builds for Node look for a role of the machine's; those for browsers fail.
    ...(text('AWS_ACCESS_KEY_ID') && {
      credentials: {
        accessKeyId: text('AWS_ACCESS_KEY_ID'),
        secretAccessKey: required('AWS_SECRET_ACCESS_KEY'),
        ...(sessionToken && { sessionToken }),
      },
    }),
    ...(endpoint && { endpoint }),
    ...transport,
    // Not "adaptive": a call that gave up keeps its place in that mode's queue, so that after a throttling
    // storm the next ones wait behind those whom nobody waits for.
    retryMode: 'standard',
    maxAttempts: 3,
  };
}

/** `KEY_PREFIX`: what stands before the key id in a name, if it is not the default. */
export function keyPrefix({ KEY_PREFIX: prefix }: Environment): { readonly prefix?: string } {
  return typeof prefix === 'string' && prefix !== '' ? { prefix: prefix.replace(/\/$/, '') } : {};
}

/** Why an AWS service did not give something, and what to do: a sentence's end. */
export function awsReason(error: unknown, permission: string): string {
  const kind = awsErrorKind(error);
  if (kind === 'denied') return `access is denied; allow ${permission} on it, and kms:Decrypt on its KMS key`;
  if (kind === 'throttled') return 'the service throttles; try again, or raise its quota';
  if (kind === 'no-credentials' || kind === 'bad-credentials')
    return 'the AWS credentials are missing or invalid; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use a role';
  return 'the service is unreachable or failed; try again, and check region, endpoint and network';
}
