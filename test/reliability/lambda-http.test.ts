import { afterEach, describe, expect, inject, it } from 'vitest';
import { contactFlowCases, type ParityRunner, requestId } from '../parity/contact-flow.ts';
import { recordingNamed } from '../recordings/recordings.ts';
import { awsSettings } from '../support/aws-settings.ts';
import { type EmulatedFunction, hasEmulator, startEmulator } from '../support/emulator.ts';
import { sha256Hex } from '../support/sha256.ts';

const card = recordingNamed('java rsa2048-card-number');

interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** A call as function URLs and HTTP APIs send it: payload format 2.0. */
function functionUrlEvent({ method, path, headers, body }: Call): object {
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: '',
    headers,
    requestContext: {
      accountId: '123456789012',
      apiId: 'url-id',
      domainName: 'url-id.lambda-url.us-east-1.on.aws',
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'test' },
      requestId: 'a',
      routeKey: '$default',
      stage: '$default',
    },
    ...(body !== null && { body: Buffer.from(body).toString('base64') }),
    isBase64Encoded: body !== null,
  };
}

/** A call as REST APIs send it: payload format 1.0. */
function restApiEvent({ method, path, headers, body }: Call): object {
  return {
    resource: '/{proxy+}',
    path,
    httpMethod: method,
    headers,
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    queryStringParameters: null,
    multiValueQueryStringParameters: null,
    requestContext: {
      accountId: '123456789012',
      domainName: 'api-id.execute-api.us-east-1.amazonaws.com',
      httpMethod: method,
      identity: { sourceIp: '192.0.2.1' },
      path,
      requestId: 'a',
      stage: 'prod',
    },
    body,
    isBase64Encoded: false,
  };
}

interface Result {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>>;
  readonly body: string;
}

describe.skipIf(!hasEmulator())('The HTTP service in the Lambda runtime', { timeout: 120_000 }, () => {
  const functions: EmulatedFunction[] = [];
  async function start(environment: Readonly<Record<string, string>>): Promise<EmulatedFunction> {
    const settings = { ...awsSettings(inject('ssmEndpoint')), CONSUMERS: inject('allowedConsumers') };
    const started = await startEmulator('http.handler', { ...settings, ...environment }, 15);
    functions.push(started);
    return started;
  }
  afterEach(() => Promise.all(functions.splice(0).map((started) => started.stop())));

  const token = inject('bearerToken');
  const callers = { BEARER_TOKEN_HASHES: `${sha256Hex(token)}:consumers=*` };
  const authorized = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const decrypt: Call = {
    method: 'POST',
    path: '/v1/decrypt',
    headers: authorized,
    body: JSON.stringify({ ciphertext: card.ciphertext, keyId: card.keyId }),
  };

  it.for([
    ['a function URL or an HTTP API', functionUrlEvent],
    ['a REST API', restApiEvent],
  ] as const)('answers behind %s', async ([, eventOf]) => {
    const service = await start(callers);
    const answerTo = async (call: Call): Promise<Result> => JSON.parse(await service.invoke(eventOf(call)));

    const decrypted = await answerTo(decrypt);
    expect(decrypted.statusCode).toBe(200);
    expect(JSON.parse(decrypted.body)).toMatchObject({ plaintext: card.plaintext });
    const headers = decrypted.headers ?? decrypted.multiValueHeaders ?? {};
    expect(String(headers['cache-control'])).toBe('no-store');

    const refused = await answerTo({ ...decrypt, headers: { ...authorized, authorization: 'Bearer wrong' } });
    expect([refused.statusCode, JSON.parse(refused.body).code]).toEqual([401, 'unauthorized']);
    const health = await answerTo({ method: 'GET', path: '/healthz', headers: {}, body: null });
    expect([health.statusCode, health.body]).toEqual([200, '{"status":"ok"}']);

    const lines = service.written().match(/^\{"level".*\}$/gm) ?? [];
    expect(lines.map((line) => JSON.parse(line).status)).toEqual([200, 401, 200]);
    for (const secret of [card.plaintext, card.ciphertext, token]) expect(service.written()).not.toContain(secret);
  });

  it('answers every event like the decrypt function', async () => {
    const service = await start({ ...callers, AUDIT: 'none' });
    const runner: ParityRunner = {
      async invoke(body) {
        const event = functionUrlEvent({ method: 'POST', path: '/v1/connect', headers: authorized, body });
        const result: Result = JSON.parse(await service.invoke(event));
        return result.body.replaceAll(result.headers?.['x-request-id'] ?? '', requestId);
      },
    };
    for (const { run } of contactFlowCases(runner, inject('sharedRecordings'), inject('lambdaAnswers'))) await run();
  });

  it.for([
    ['nobody may call', {}],
    ['a setting is wrong', { ...callers, TIMEOUT: 'soon' }],
  ] as const)('does not start when %s', async ([, environment]) => {
    const service = await start(environment);
    expect(await service.invoke(functionUrlEvent(decrypt))).not.toContain('"statusCode":200');
    expect(service.written()).toContain('not_configured');
  });
});
