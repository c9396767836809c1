import { randomInt } from 'node:crypto';
import { createClient } from '../adapters/client/client.ts';
import { member } from '../src/flow/index.ts';
import { createDecryptor, decodeUtf8, FlowKeysError, type KeyStore } from '../src/index.ts';
import { type AwsOptions, callAws, clientConfiguration, inRegionOf } from './aws.ts';

/** A fresh input, as a caller could have typed it: its digits are known to nobody else. */
export function freshInput(): string {
  return Array.from({ length: 16 }, () => randomInt(10)).join('');
}

/** What one way of decrypting answered. */
export type Proof = { readonly isRight: true } | { readonly isRight: false; readonly why: string };

/** Decrypts with a key store, in this process. */
export async function proveStore(keyStore: KeyStore, keyId: string, ciphertext: string, input: string): Promise<Proof> {
  const { plaintext } = await createDecryptor({ keyStore }).decrypt(ciphertext, { keyId });
  return proof(decodeUtf8(plaintext) === input);
}

/** Decrypts with the HTTP service. */
export async function proveEndpoint(
  { endpoint, token }: { readonly endpoint: string; readonly token?: string },
  ciphertext: string,
  input: string,
): Promise<Proof> {
  const client = createClient({ baseUrl: endpoint, ...(token !== undefined && { token }) });
  const { plaintext } = await client.decrypt(ciphertext, { signal: AbortSignal.timeout(15_000) });
  return proof(plaintext === input);
}

/** Decrypts with the Lambda function, by the event that Connect would send. */
export async function proveFunction(
  functionName: string,
  options: AwsOptions,
  { keyId, ciphertext, instance }: { readonly keyId: string; readonly ciphertext: string; readonly instance?: string },
  input: string,
): Promise<Proof> {
  const { LambdaClient, InvokeCommand, GetFunctionConfigurationCommand } = await import('@aws-sdk/client-lambda');
  const client = new LambdaClient(clientConfiguration(inRegionOf(functionName, options)));
  // Which parameters the function reads is a setting of its own; who may not see it will mostly be right.
  const configuration = await client
    .send(new GetFunctionConfigurationCommand({ FunctionName: functionName }))
    .catch(() => undefined);
  const fields = configuration?.Environment?.Variables?.['FIELDS']?.match(/[^\s,]+/g) ?? [];
  const parameters = fields.length > 0 ? fields : ['my-secret-string'];
  const event = contactFlowEvent(
    // What the function does with inputs, it does not do with this one.
    { 'key-id': keyId, 'check-only': 'true', ...Object.fromEntries(parameters.map((name) => [name, ciphertext])) },
    instance,
  );
  const Payload = JSON.stringify(event);
  const answer = await callAws(`invoke function ${functionName}`, 'lambda:InvokeFunction', () =>
    client.send(new InvokeCommand({ FunctionName: functionName, Payload })),
  );
  const text = new TextDecoder().decode(answer.Payload);
  if (answer.FunctionError) return { isRight: false, why: `it failed with ${answer.FunctionError}; see its log` };
  return proofOfAnswer(text, parameters[0] ?? '', input);
}

function proofOfAnswer(text: string, parameter: string, input: string): Proof {
  const answer = parseJson(text);
  const data = member(answer, 'data') ?? answer;
  const success = member(data, 'success');
  // What an answer shows of an input is a setting of the function's; its length always is.
  if (success === true || success === 'true') {
    const length = member(member(member(data, 'fields'), parameter), 'dataLength') ?? member(data, 'dataLength');
    return proof(Number(length ?? member(data, `${parameter}_dataLength`)) === input.length);
  }
  const code = member(answer, 'code');
  const detail = member(answer, 'detail');
  if (typeof code !== 'string')
    return { isRight: false, why: "its answer is not this product's; is it the right function?" };
  return { isRight: false, why: `it answered ${code}: ${typeof detail === 'string' ? detail : 'see its log'}` };
}

function proof(isRight: boolean): Proof {
  return isRight ? { isRight } : { isRight, why: 'it answered something else than was encrypted' };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** https://docs.aws.amazon.com/connect/latest/adminguide/connect-lambda-functions.html#function-contact-flow */
function contactFlowEvent(Parameters: Readonly<Record<string, string>>, instance: string | undefined): unknown {
  const contactId = crypto.randomUUID();
  return {
    Name: 'ContactFlowEvent',
    Details: {
      ContactData: {
        ContactId: contactId,
        InitialContactId: contactId,
        PreviousContactId: contactId,
        Channel: 'VOICE',
        InitiationMethod: 'API',
        InstanceARN: instance ?? '',
        Attributes: {},
      },
      Parameters,
    },
  };
}

/** The reason in words, of a proof that could not be had at all. */
export function reasonOf(error: unknown): string {
  return error instanceof FlowKeysError
    ? `${error.code}: ${error.message}`
    : error instanceof Error
      ? error.message
      : 'it failed';
}
