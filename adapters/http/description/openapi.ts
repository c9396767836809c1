import { type JsonSchema, toJsonSchema } from '@valibot/to-json-schema';
import * as v from 'valibot';
import { type ErrorCode, errorCodes } from '../../../src/index.ts';
import { statusOf } from '../problem.ts';
import { type Operation, openOperations, operations } from './operations.ts';
import * as schemas from './schemas.ts';

export const serviceDescription = 'Decrypts what Amazon Connect encrypted with flow security keys.';

const commonErrors = [
  'method_not_allowed',
  'not_configured',
  'internal_error',
  'shutting_down',
] as const satisfies readonly ErrorCode[];

/** The errors of every route with a body, which also needs a token. */
const bodyErrors = [
  'unauthorized',
  'forbidden',
  'rate_limited',
  'invalid_json',
  'invalid_request',
  'request_timeout',
  'body_too_large',
  'unsupported_media_type',
  'issuer_unavailable',
] as const satisfies readonly ErrorCode[];

type OperationDescription = ReturnType<typeof describe>;

/** Every route, with its schemas as JSON Schema and all its errors. */
export function describedOperations(): readonly OperationDescription[] {
  return Object.entries<Operation>({ ...operations, ...openOperations }).map(describe);
}

function describe([name, { body, answer, example, errors = [], ...words }]: readonly [string, Operation]) {
  return {
    ...words,
    name,
    method: body === undefined ? 'get' : 'post',
    request: body && { schema: jsonSchema(body), example: example.body },
    response: { schema: jsonSchema(answer), example: example.answer },
    errors: [...errors, ...(body ? bodyErrors : []), ...commonErrors],
  };
}

/**
 * Describes the service, with the schemas that check its requests.
 *
 * @see https://spec.openapis.org/oas/v3.1.0
 */
export function openApiDocument() {
  return {
    openapi: '3.1.0',
    info: { title: 'flow-security-keys', version: '1', description: serviceDescription },
    // Relative to this document, so that it holds in an app that mounts the service.
    servers: [{ url: '.' }],
    paths: Object.fromEntries(describedOperations().map(pathItem)),
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: { Problem: jsonSchema(schemas.problemDetails) },
    },
  };
}

function pathItem({ name, path, method, summary, description, request, response, errors }: OperationDescription) {
  const operation = {
    operationId: name,
    summary,
    description,
    security: request ? [{ token: [] }] : [],
    ...(request && { requestBody: { required: true, content: { 'application/json': request } } }),
    responses: {
      200: { description: 'Success.', content: { 'application/json': response } },
      ...problems(errors),
    },
  };
  return [path, { [method]: operation }] as const;
}

/** Several error codes share a status, so the description of each response lists its codes. */
function problems(codes: readonly ErrorCode[]) {
  const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
  return Object.fromEntries(
    Object.entries(Object.groupBy(codes, (code) => statusOf[code])).map(([status, ofStatus = []]) => [
      status,
      { description: ofStatus.map((code) => `\`${code}\`: ${errorCodes[code]}.`).join(' '), content },
    ]),
  );
}

function jsonSchema(schema: v.GenericSchema): JsonSchema {
  const { $schema: _, ...described } = toJsonSchema(schema, {
    target: 'draft-2020-12',
    overrideSchema({ valibotSchema, jsonSchema: described }) {
      const { pattern, uniqueItems } = v.getMetadata(valibotSchema);
      if (typeof pattern === 'string') return { ...described, pattern };
      return uniqueItems === true ? { ...described, uniqueItems } : undefined;
    },
  });
  return described;
}
