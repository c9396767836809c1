import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';

/** A loopback server that speaks as much of SSM's API as the demonstration needs: GetParameter. */
export interface ParameterStore {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/**
 * Serves parameters from memory, so that the Lambda function can be tried without an AWS account.
 *
 * @see https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
 */
export async function startParameterStore(parameters: ReadonlyMap<string, string>): Promise<ParameterStore> {
  const server = createServer((request, response) => {
    void answer(request, response, parameters);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The parameter store has no port.');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    stop: () => new Promise((resolve, reject) => server.close((error) => (error ? reject(error) : resolve()))),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  parameters: ReadonlyMap<string, string>,
): Promise<void> {
  const body: unknown = await json(request).catch(() => undefined);
  const name = typeof body === 'object' && body !== null && 'Name' in body ? body.Name : undefined;
  const value = typeof name === 'string' ? parameters.get(name) : undefined;
  const isGet = request.headers['x-amz-target'] === 'AmazonSSM.GetParameter';
  const [status, answered] = !isGet
    ? [400, { __type: 'UnknownOperationException' }]
    : value === undefined
      ? [400, { __type: 'ParameterNotFound' }]
      : [200, { Parameter: { Name: name, Type: 'SecureString', Value: value, Version: 1 } }];
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(answered));
}
