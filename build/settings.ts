/** A setting: an environment variable, or a variable, secret or binding of a Worker. */
export interface Setting {
  readonly name: string;
  readonly meaning: string;
  /** The value that the code assumes, or in words what it does without one. Default: it has no default. */
  readonly default?: { readonly value: string } | { readonly words: string };
  /** Who reads it. */
  readonly readBy: readonly Reader[];
  /** The parameter of template.yaml that sets it. */
  readonly parameter?: string;
  /** The SDK or the library that reads it. Default: our code. */
  readonly library?: string;
}

/** `http` is the service on every runtime, `node` what only `flow-keys serve` reads, `worker` what only the Worker reads. */
export type Reader = 'lambda' | 'http' | 'node' | 'worker' | 'cli';

const consumers = '[consumers](consumers.md)';
const event: readonly Reader[] = ['lambda', 'http'];

/** Every setting that the code reads. A test fails when the code reads another one. */
export const settings: readonly Setting[] = [
  {
    name: 'FIELDS',
    meaning: 'The parameters to decrypt, separated by spaces.',
    default: { words: '`my-secret-string`, and every parameter whose value is a ciphertext, at most 20' },
    readBy: event,
    parameter: 'Fields',
  },
  {
    name: 'ATTRIBUTES',
    meaning: '`true` also looks for fields in the contact attributes.',
    default: { value: 'false' },
    readBy: event,
    parameter: 'Attributes',
  },
  {
    name: 'KEY_ID',
    meaning: '`required` refuses an event without the parameter `key-id`.',
    default: { value: 'optional' },
    readBy: event,
    parameter: 'KeyId',
  },
  {
    name: 'CONSUMER',
    meaning:
      '`required` refuses an event without the parameter `consumer`, so that no response holds an input in the clear.',
    default: { value: 'optional' },
    readBy: event,
    parameter: 'Consumer',
  },
  {
    name: 'CONSUMERS',
    meaning: `The ${consumers} that a flow may have inputs encrypted for, separated by spaces. \`*\` allows all.`,
    default: { words: 'none' },
    readBy: event,
    parameter: 'Consumers',
  },
  {
    name: 'ANSWER',
    meaning: 'The form of the response: `nested` for the response validation JSON, `flat` for STRING_MAP.',
    default: { value: 'nested' },
    readBy: event,
    parameter: 'Answer',
  },
  {
    name: 'REVEAL',
    meaning:
      'How much of an input the flow can read. `full`: all of it. `last4`: the last four characters, of eight or more. `none`: only its length. Add `+luhn` to also say whether it is a card number, and its brand; `luhn` is short for `none+luhn`. Fields can have their own: `card=last4+luhn`. If only fields are listed, the response shows nothing of the others.',
    default: { words: '`full`; `none` in a function whose own code uses the inputs' },
    readBy: event,
    parameter: 'Reveal',
  },
  {
    name: 'CHECK',
    meaning:
      'A check for each field: `card=card expiry=expiry cvc=digits:3-4`. The response has the outcome as `check` beside the field: `valid`, `length`, `luhn` or `expired` (for MMYY or MMYYYY), without any digit of the input. The flow can then ask again.',
    default: { words: 'no checks' },
    readBy: event,
    parameter: 'Check',
  },
  {
    name: 'FLOW_TIME_LIMIT',
    meaning:
      'How many seconds the block of the flow waits for the function, 1 to 8. The response comes half a second earlier.',
    default: { value: '8' },
    readBy: event,
    parameter: 'FlowTimeLimit',
  },
  {
    name: 'RETRY',
    meaning:
      '`true` throws when a store is unavailable. Connect then invokes the function again, while the caller waits. `false` responds with the error.',
    default: { value: 'false' },
    readBy: ['lambda'],
    parameter: 'Retry',
  },
  {
    name: 'AUDIT',
    meaning:
      '`none` records no re-encryptions. With `stdout`, a re-encryption is returned only after its line was written to standard output. If the line cannot be written, the call fails with `audit_unavailable`.',
    default: { value: 'stdout' },
    readBy: event,
  },
  {
    name: 'KEY_STORE',
    meaning: 'Where private keys are on AWS: `ssm` (Parameter Store) or `secrets-manager`.',
    default: { value: 'ssm' },
    readBy: event,
  },
  {
    name: 'KEY_PREFIX',
    meaning:
      'What comes before the key id in the name of a parameter or secret. With `KEY_STORE=ssm`, also what comes before `consumers`.',
    default: { words: '`/amazon-connect/encryption`; in Secrets Manager without the first `/`' },
    readBy: event,
  },
  {
    name: 'AWS_REGION',
    meaning:
      'The AWS region. The Lambda runtime sets it. On Workers and with `flow-keys serve`, keys are read from AWS only if it is set.',
    readBy: ['lambda', 'http', 'cli'],
  },
  {
    name: 'AWS_ACCESS_KEY_ID',
    meaning: 'The access key of an AWS role or user. The Lambda runtime sets it.',
    default: { words: 'on Node, the role of the machine' },
    readBy: ['lambda', 'http', 'cli'],
  },
  {
    name: 'AWS_SECRET_ACCESS_KEY',
    meaning: 'Its secret. Required with `AWS_ACCESS_KEY_ID`.',
    readBy: ['lambda', 'http', 'cli'],
  },
  {
    name: 'AWS_SESSION_TOKEN',
    meaning: 'The session token of temporary credentials.',
    readBy: ['lambda', 'http', 'cli'],
  },
  {
    name: 'AWS_ENDPOINT_URL',
    meaning:
      'Another endpoint for AWS, as in every AWS SDK. `AWS_ENDPOINT_URL_SSM` and `AWS_ENDPOINT_URL_SECRETS_MANAGER` set it for one service.',
    default: { words: "AWS's own endpoints" },
    readBy: ['lambda', 'http', 'cli'],
  },
  {
    name: 'POWERTOOLS_SERVICE_NAME',
    meaning:
      'The service name in the log, and the dimension `service` of the metrics. The template sets it to the name of the stack.',
    default: { value: 'flow-security-keys' },
    readBy: ['lambda'],
  },
  {
    name: 'POWERTOOLS_METRICS_NAMESPACE',
    meaning: 'The namespace of the metrics.',
    default: { value: 'FlowSecurityKeys' },
    readBy: ['lambda'],
  },
  {
    name: 'POWERTOOLS_LOG_LEVEL',
    meaning:
      "How much is logged. This and [further settings](https://docs.aws.amazon.com/powertools/typescript/latest/environment-variables/) are Powertools' own.",
    default: { value: 'INFO' },
    readBy: ['lambda'],
    library: 'Powertools',
  },
  {
    name: 'AWS_LAMBDA_FUNCTION_NAME',
    meaning: 'The dimension `function_name` of the metric `ColdStart`. The Lambda runtime sets it.',
    readBy: ['lambda'],
  },
  {
    name: 'BEARER_TOKEN_HASHES',
    meaning:
      'The SHA-256 hash of each token that may call, in hexadecimal, separated by spaces. `flow-keys token` creates a token and prints its hash. Limits can follow a hash, each after a colon: `:key-ids={id},{id}`, `:routes={name},{name}` with names of `decrypt`, `decryptBatch`, `reencrypt`, `inspect`, `connect`, `metrics`, `:fields={name},{name}`, and `:consumers={name},{name}`. Without `:consumers`, the token encrypts for nobody.',
    default: { words: 'no token may call' },
    readBy: ['http'],
    parameter: 'BearerTokenHashes',
  },
  {
    name: 'JWT_ISSUER',
    meaning:
      'The issuer whose JSON Web Tokens may call, beside bearer tokens: an OpenID provider or Cloudflare Access.',
    default: { words: 'no JWT may call' },
    readBy: ['http'],
  },
  { name: 'JWT_AUDIENCE', meaning: 'The audience that a JWT must have. Required with `JWT_ISSUER`.', readBy: ['http'] },
  {
    name: 'JWT_JWKS_URL',
    meaning:
      "The URL of the issuer's key set, its `jwks_uri`. Required with `JWT_ISSUER`, except for Cloudflare Access.",
    default: { words: 'the one of Cloudflare Access' },
    readBy: ['http'],
  },
  {
    name: 'JWT_ROUTES',
    meaning: 'The routes that a JWT may call, separated by spaces. Required with `JWT_ISSUER`.',
    readBy: ['http'],
  },
  {
    name: 'JWT_KEY_IDS',
    meaning: 'The key ids that a JWT may decrypt under.',
    default: { words: 'all' },
    readBy: ['http'],
  },
  { name: 'JWT_FIELDS', meaning: 'The fields that a JWT may re-encrypt.', default: { words: 'all' }, readBy: ['http'] },
  {
    name: 'JWT_CONSUMERS',
    meaning: `The ${consumers} that a JWT may encrypt for, separated by spaces. \`*\` allows all.`,
    default: { words: 'none' },
    readBy: ['http'],
  },
  {
    name: 'JWT_ALGORITHMS',
    meaning: 'The signature algorithms that are accepted. An algorithm with a shared secret is never accepted.',
    default: { value: 'RS256 ES256' },
    readBy: ['http'],
  },
  { name: 'JWT_SCOPE', meaning: 'A scope that a JWT must have.', default: { words: 'none' }, readBy: ['http'] },
  {
    name: 'JWT_CLAIM',
    meaning: 'A claim that a JWT must have, as `name=value`.',
    default: { words: 'none' },
    readBy: ['http'],
  },
  {
    name: 'TIMEOUT',
    meaning: 'How long a request may take, in milliseconds, 1 to 300000.',
    default: { value: '10000' },
    readBy: ['http'],
  },
  {
    name: 'DEVELOPMENT',
    meaning: '`true` serves without a token, on loopback addresses only.',
    default: { value: 'false' },
    readBy: ['http'],
  },
  {
    name: 'RATE_LIMIT',
    meaning:
      'With `flow-keys serve`: how many calls a caller may make in 10 seconds. Each item of a batch counts. On Workers, this is a [binding](#bindings-of-the-worker).',
    default: { words: 'no limit' },
    readBy: ['node'],
  },
  {
    name: 'PRIVATE_KEYS',
    meaning: 'A KV namespace with private keys. See [where private keys live](key-stores.md).',
    readBy: ['worker'],
  },
  {
    name: 'CONSUMER_REGISTRY',
    meaning: `A KV namespace with the documents of ${consumers}.`,
    readBy: ['worker'],
  },
  {
    name: 'RATE_LIMIT',
    meaning:
      'A [rate limit](https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/) for the calls of each caller. A batch counts as one call.',
    readBy: ['worker'],
  },
  {
    name: 'BATCH_RATE_LIMIT',
    meaning: 'A rate limit for batches.',
    default: { words: '`RATE_LIMIT`' },
    readBy: ['worker'],
  },
  {
    name: 'ANALYTICS',
    meaning:
      'A dataset of the [Analytics Engine](https://developers.cloudflare.com/analytics/analytics-engine/). The Worker writes one data point for each request.',
    readBy: ['worker'],
  },
  {
    name: 'FLOW_KEYS_INSTANCE',
    meaning: 'The Amazon Connect instance, if the option `--instance` is not given.',
    readBy: ['cli'],
  },
  {
    name: 'FLOW_KEYS_STORE',
    meaning: 'The store, if the option `--store` is not given.',
    readBy: ['cli'],
  },
  {
    name: 'AWS_DEFAULT_REGION',
    meaning: 'The AWS region, if neither `--region` nor `AWS_REGION` is given.',
    readBy: ['cli'],
  },
  { name: 'DEBUG', meaning: 'Any value adds the stack trace to an error.', readBy: ['cli'] },
  { name: 'NO_COLOR', meaning: 'Any value turns colours off.', readBy: ['cli'], library: 'Node' },
];

function cellOf({ default: assumed }: Setting): string {
  if (assumed === undefined) return '';
  return 'value' in assumed ? `\`${assumed.value}\`` : assumed.words;
}

function tableOf(readers: readonly Reader[]): string {
  const rows = settings.filter(({ readBy }) => readers.includes(readBy[0] ?? 'cli'));
  return [
    '| Setting | Meaning | Default |',
    '| --- | --- | --- |',
    ...rows.map((setting) => `| \`${setting.name}\` | ${setting.meaning} | ${cellOf(setting)} |`),
  ].join('\n');
}

function namesOf(isNamed: (setting: Setting) => boolean): string {
  return settings
    .filter(isNamed)
    .map(({ name }) => `\`${name}\``)
    .join(', ');
}

/** docs/settings.md. */
export function settingsPage(): string {
  const parameters = settings.flatMap(({ name, parameter }) =>
    parameter ? [`\`${parameter}\` sets \`${name}\``] : [],
  );
  const isLambdaOnly = ({ readBy: [first, second] }: Setting) => first === 'lambda' && second !== 'http';
  return `# Settings

Settings are environment variables. On Workers they are variables, secrets and bindings. If a setting is invalid, the function or
the service does not start, or says so in every response; the error is [\`not_configured\`](errors.md) and names the setting. This
page is generated: \`node build/reference.ts\`.

## Lambda

${tableOf(['lambda'])}

The [HTTP service](http.md) reads these settings, too, except ${namesOf(isLambdaOnly)}. There, the settings about events
apply to \`/v1/connect\`.

The parameters of [template.yaml](../template.yaml): ${parameters.join(', ')}.

## HTTP

The HTTP service also reads the settings above.

${tableOf(['http', 'node'])}

## Bindings of the Worker

A Worker also reads \`PRIVATE_KEY_{key_id}\`, a secret or a Secrets Store binding with a private key, and
\`CONSUMER_{name}\`, a variable with the document of a consumer. In both names, \`_\` replaces \`-\`.

${tableOf(['worker'])}

## Command line

${tableOf(['cli'])}

The command line also reads what the AWS SDK reads: \`AWS_PROFILE\`, the shared configuration and credentials files, and
credentials from the environment. \`flow-keys serve\` reads the settings of the [HTTP service](#http), and \`flow-keys flow try\`
those of the [function](#lambda) that are about events.
`;
}
