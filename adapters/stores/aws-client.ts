import type { SSMClientConfig } from '@aws-sdk/client-ssm';
import { FlowKeysError } from '../../src/index.ts';
import { awsErrorKind } from './aws-errors.ts';

/** The source of an AWS client's settings: `process.env`, or the bindings of a Worker. */
export type Environment = Readonly<Record<string, unknown>>;

/** How a client sends its requests, and reads the bodies of its responses. */
export type AwsTransport = Pick<SSMClientConfig, 'requestHandler' | 'streamCollector'>;

/**
 * Makes the configuration of an AWS client. The bundles hold the browser builds of the clients, which load four times as
 * fast as those for Node, but read no environment variables.
 *
 * @param service the service's name in `AWS_ENDPOINT_URL_<SERVICE>`
 * @param transport Default: `fetch`
 * @throws FlowKeysError `not_configured` for a missing setting
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
    const message = `${name} is not set. Outside Lambda, which sets it, you must set it yourself.`;
    throw new FlowKeysError('not_configured', message);
  };
  const sessionToken = text('AWS_SESSION_TOKEN');
  const endpoint = text(`AWS_ENDPOINT_URL_${service}`) || text('AWS_ENDPOINT_URL');
  return {
    region: required('AWS_REGION'),
    // Without credentials, the Node builds of the clients look for a role of the machine. The browser builds fail.
    ...(text('AWS_ACCESS_KEY_ID') && {
      credentials: {
        accessKeyId: text('AWS_ACCESS_KEY_ID'),
        secretAccessKey: required('AWS_SECRET_ACCESS_KEY'),
        ...(sessionToken && { sessionToken }),
      },
    }),
    ...(endpoint && { endpoint }),
    ...transport,
    // Not "adaptive": an aborted call keeps its place in that mode's queue, so after heavy throttling, new calls wait
    // behind aborted ones.
    retryMode: 'standard',
    maxAttempts: 3,
  };
}

/** Reads `KEY_PREFIX`, the part of the names before the key id. */
export function keyPrefix({ KEY_PREFIX: prefix }: Environment): { readonly prefix?: string } {
  return typeof prefix === 'string' && prefix !== '' ? { prefix: prefix.replace(/\/$/, '') } : {};
}

/** Says why a request to AWS failed, and what to do. The end of a sentence. */
export function awsReason(error: unknown, permission: string): string {
  const kind = awsErrorKind(error);
  if (kind === 'denied') return `access is denied; allow ${permission} on it, and kms:Decrypt on its KMS key`;
  if (kind === 'throttled') return 'the service throttles requests; try again, or raise its quota';
  if (kind === 'no-credentials' || kind === 'bad-credentials')
    return 'the AWS credentials are missing or invalid; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use a role';
  return 'the service failed or is unreachable; try again, and check the region, endpoint and network';
}
