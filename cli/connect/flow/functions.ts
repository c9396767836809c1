import { isLoopback } from '../../../adapters/http/loopback.ts';
import { type ContactFlowEvent, type FunctionOutcome, type Invocation, member } from '../../../src/flow/index.ts';
import { connectSettings, createDecryptor, handleContactFlowEvent, type KeyStore } from '../../../src/index.ts';
import { parseJson } from '../../../src/internal.ts';
import { type AwsOptions, clientConfiguration, inRegionOf } from '../../aws.ts';
import { CommandError } from '../../output/command-error.ts';

/** Invokes a function of a flow once. */
export type PlayedFunction = (event: ContactFlowEvent, invocation: Invocation) => Promise<FunctionOutcome>;

/** The product's own handler, in this process. Its settings come from the environment, as in Lambda. */
export function localFunction(keyStore: KeyStore): PlayedFunction {
  const decryptor = createDecryptor({ keyStore });
  const settings = connectSettings(process.env);
  return timed(async (event) => {
    const { answer } = await handleContactFlowEvent(event, { decryptor, settings, requestId: crypto.randomUUID() });
    return { answer };
  });
}

/** A function in AWS, invoked as Connect invokes it. */
export function lambdaFunction(name: string, options: AwsOptions): PlayedFunction {
  return timed(async (event) => {
    const { LambdaClient, InvokeCommand } = await import('@aws-sdk/client-lambda');
    // The played call retries as Connect does; the client must not.
    const client = new LambdaClient({ ...clientConfiguration(inRegionOf(name, options)), maxAttempts: 1 });
    try {
      const response = await client.send(new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(event) }));
      if (response.FunctionError)
        return { failure: `the function failed: ${response.FunctionError}`, isRetried: false };
      return { answer: parseJson(new TextDecoder().decode(response.Payload)) };
    } catch (error) {
      const status = member(member(error, '$metadata'), 'httpStatusCode');
      const name = error instanceof Error ? error.name : 'error';
      return { failure: `AWS answered ${name}`, isRetried: status === 429 || Number(status) >= 500 };
    }
  });
}

/** The HTTP service's route for events. */
export function endpointFunction(endpoint: string, token: string | undefined): PlayedFunction {
  const url = new URL('v1/connect', endpoint.endsWith('/') ? endpoint : `${endpoint}/`);
  if (url.protocol !== 'https:' && !isLoopback(url.hostname))
    throw new CommandError(
      'invalid_option',
      '--endpoint must begin with https://, because its responses can contain inputs.',
    );
  return timed(async (event) => {
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
    try {
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(event) });
      const answer = parseJson(await response.text());
      if (response.ok) return { answer };
      const failure = `the service answered ${response.status} ${String(member(answer, 'code') ?? '')}`.trim();
      return { failure, isRetried: response.status === 429 || response.status >= 500 };
    } catch {
      return { failure: 'the service cannot be reached', isRetried: true };
    }
  });
}

/**
 * Answers from a file: a response, or a list of responses, one for each invocation; the last one repeats. In place of a
 * response, `{"$failure": …}` fails with `"error"`, or with `"throttled"` or `"5xx"`, after which Connect retries.
 * `{"$seconds": 9, "$answer": …}` responds after that time.
 *
 * @throws CommandError `unreadable_file` if the text is not JSON
 */
export function playedAnswers(text: string): PlayedFunction {
  const answers = [parseJson(text)].flat();
  if (answers.length === 0 || answers[0] === undefined)
    throw new CommandError(
      'unreadable_file',
      'The answer must be JSON: a response of the function, or a list of responses.',
    );
  let invocations = 0;
  return async () => {
    const answer: unknown = answers[Math.min(invocations, answers.length - 1)];
    invocations += 1;
    const seconds = Number(member(answer, '$seconds') ?? 0);
    const failure = member(answer, '$failure');
    if (failure !== undefined)
      return { failure: `the function failed: ${String(failure)}`, isRetried: failure !== 'error', seconds };
    return { answer: member(answer, '$answer') ?? answer, seconds };
  };
}

function timed(
  invoke: (
    event: ContactFlowEvent,
  ) => Promise<{ readonly answer: unknown } | { readonly failure: string; readonly isRetried: boolean }>,
): PlayedFunction {
  return async (event) => {
    const start = performance.now();
    const outcome = await invoke(event);
    return { ...outcome, seconds: (performance.now() - start) / 1_000 };
  };
}
