import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';

/** A loopback server with the part of SSM's API that the demonstration needs: GetParameter. */
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
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The parameter store has no port.');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    async stop() {
      await once(server.close(), 'close');
    },
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
  const found = isGet && value !== undefined;
  const answered = found
    ? { Parameter: { Name: name, Type: 'SecureString', Value: value, Version: 1 } }
    : { __type: isGet ? 'ParameterNotFound' : 'UnknownOperationException' };
  const headers = { 'content-type': 'application/x-amz-json-1.1' };
  response.writeHead(found ? 200 : 400, headers).end(JSON.stringify(answered));
}
