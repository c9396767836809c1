/** The kinds of errors from AWS clients, and from the network to AWS. */
export type AwsErrorKind =
  | 'denied'
  | 'no-region'
  | 'no-credentials'
  | 'bad-credentials'
  | 'absent'
  | 'limit'
  | 'not-published'
  | 'bad-endpoint'
  | 'invalid-flow'
  | 'invalid-request'
  | 'throttled'
  | 'unreachable'
  | 'unknown';

const patterns: readonly (readonly [AwsErrorKind, RegExp])[] = [
  ['denied', /AccessDenied|NotAuthorized/],
  ['no-region', /^Region is missing$/],
  // The browser builds of the clients only say "Credential is missing".
  ['no-credentials', /CredentialsProviderError|Could not load credentials|Credential is missing/],
  [
    'bad-credentials',
    /ExpiredToken|UnrecognizedClient|InvalidSignature|InvalidClientTokenId|SignatureDoesNotMatch|TokenRefreshRequired/,
  ],
  ['absent', /ResourceNotFound|ParameterNotFound|NotFoundException/],
  ['limit', /ServiceQuotaExceeded|LimitExceeded|ResourceConflict|DuplicateResource/],
  ['not-published', /ContactFlowNotPublished/],
  ['bad-endpoint', /Region not accepted|Invalid URL|Invalid hostname/i],
  ['invalid-flow', /InvalidContactFlow/],
  ['throttled', /Throttl|TooManyRequests|RequestLimit/],
  ['invalid-request', /InvalidParameter|InvalidRequest|ValidationException|InvalidKeyId/],
  [
    'unreachable',
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|ECONNRESET|TimeoutError|timed out|socket hang up/i,
  ],
];

/** Classifies an AWS error by its name or its message. */
export function awsErrorKind(error: unknown): AwsErrorKind {
  if (!(error instanceof Error)) return 'unknown';
  const found = patterns.find(([, pattern]) => pattern.test(error.name) || pattern.test(error.message));
  return found?.[0] ?? 'unknown';
}

/** Whether the error has this name. */
export function isAwsError(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}
