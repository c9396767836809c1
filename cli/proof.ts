import { randomInt } from 'node:crypto';
import { createClient } from '../adapters/client/client.ts';
import { member } from '../src/flow/index.ts';
import { createDecryptor, decodeUtf8, FlowKeysError, type KeyStore } from '../src/index.ts';
import { parseJson } from '../src/internal.ts';
import { type AwsOptions, callAws } from './aws.ts';
import { lambdaClient, readFunction } from './lambda-function.ts';

/** Random digits, as a caller could type them. */
export function freshInput(): string {
  return Array.from({ length: 16 }, () => randomInt(10)).join('');
}

/** Whether a store, service or function decrypted an input correctly. */
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

/** Decrypts with the Lambda function, which receives the event that Connect would send. */
export async function proveFunction(
  functionName: string,
  options: AwsOptions,
  { keyId, ciphertext, instance }: { readonly keyId: string; readonly ciphertext: string; readonly instance?: string },
  input: string,
): Promise<Proof> {
  // The settings say which parameters the function reads. Without permission to see them, assume the default.
  const configuration = await readFunction(functionName, options).catch(() => undefined);
  const parameters = configuration?.environment['FIELDS']?.match(/[^\s,]+/g) ?? ['my-secret-string'];
  const event = contactFlowEvent(
    // The function decrypts this input, but does not use it.
    { 'key-id': keyId, 'check-only': 'true', ...Object.fromEntries(parameters.map((name) => [name, ciphertext])) },
    instance,
  );
  const Payload = JSON.stringify(event);
  const { lambda, client } = await lambdaClient(functionName, options);
  const response = await callAws(`invoke function ${functionName}`, 'lambda:InvokeFunction', () =>
    client.send(new lambda.InvokeCommand({ FunctionName: functionName, Payload })),
  );
  if (response.FunctionError) return { isRight: false, why: `it failed with ${response.FunctionError}; see its log` };
  return proofOfAnswer(new TextDecoder().decode(response.Payload), parameters[0] ?? '', input);
}

function proofOfAnswer(text: string, parameter: string, input: string): Proof {
  const answer = parseJson(text);
  const data = member(answer, 'data') ?? answer;
  const success = member(data, 'success');
  // The settings of the function decide what else the answer shows; it always has the length.
  if (success === true || success === 'true') {
    const length = member(member(member(data, 'fields'), parameter), 'dataLength') ?? member(data, 'dataLength');
    return proof(Number(length ?? member(data, `${parameter}_dataLength`)) === input.length);
  }
  const code = member(answer, 'code');
  const detail = member(answer, 'detail');
  if (typeof code !== 'string')
    return { isRight: false, why: 'its response is not from this product; check that it is the right function' };
  return { isRight: false, why: `it answered ${code}: ${typeof detail === 'string' ? detail : 'see its log'}` };
}

function proof(isRight: boolean): Proof {
  return isRight ? { isRight } : { isRight, why: 'it decrypted something other than what was encrypted' };
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

/** An error in words, with its code where it has one. */
export function reasonOf(error: unknown): string {
  if (error instanceof FlowKeysError) return `${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : 'it failed';
}
