import { toJsonSchema } from '@valibot/to-json-schema';
import * as v from 'valibot';
import { type ErrorCode, errorCodes } from '../../../src/index.ts';
import { statusOf } from '../problem.ts';
import { type Operation, openOperations, operations } from './operations.ts';
import * as schemas from './schemas.ts';

export interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
  readonly components: object;
}

/** A body in JSON, as its schema describes it, with an example. */
export interface OpenApiContent {
  readonly content: Readonly<Record<string, { readonly schema: object; readonly example?: unknown }>>;
}

export interface OpenApiOperation {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly security: readonly object[];
  readonly requestBody?: OpenApiContent & { readonly required: true };
  readonly responses: Readonly<Record<string, OpenApiContent & { readonly description: string }>>;
}

const commonErrors = [
  'method_not_allowed',
  'not_configured',
  'internal_error',
  'shutting_down',
] as const satisfies readonly ErrorCode[];

/** Of every route that takes a body, and so a token. */
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

/**
 * The service's description, made of the same schemas that check its requests.
 *
 * @see https://spec.openapis.org/oas/v3.1.0
 */
export function openApiDocument(): OpenApiDocument {
  const entries = [
    ...Object.entries<Operation>(operations).map(([name, operation]) => entry(name, operation, true)),
    ...Object.entries<Operation>(openOperations).map(([name, operation]) => entry(name, operation, false)),
  ];
  return {
    openapi: '3.1.0',
    info: {
      title: 'flow-security-keys',
      version: '1',
      description: 'Decrypts what Amazon Connect encrypted with flow security keys.',
    },
    // Where this document is, also under the path of an app that mounts the service.
    servers: [{ url: '.' }],
    paths: Object.fromEntries(entries),
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: { Problem: jsonSchema(schemas.problemDetails) },
    },
  };
}

function entry(name: string, operation: Operation, needsToken: boolean) {
  const { method, path, summary, description, body, answer, example, errors } = operation;
  const described: OpenApiOperation = {
    operationId: name,
    summary,
    description,
    security: needsToken ? [{ token: [] }] : [],
    ...(body && {
      requestBody: { required: true as const, ...jsonContent('application/json', jsonSchema(body), example.body) },
    }),
    responses: {
      200: { description: 'Done.', ...jsonContent('application/json', jsonSchema(answer), example.answer) },
      ...problems([...commonErrors, ...(body ? bodyErrors : []), ...errors]),
    },
  };
  return [path, { [method]: described }] as const;
}

/** Error codes share a status, so a response says which codes it may carry. */
function problems(codes: readonly ErrorCode[]) {
  const byStatus = Object.groupBy(codes, (code) => statusOf[code]);
  const problem = jsonContent('application/problem+json', { $ref: '#/components/schemas/Problem' });
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, ofStatus = []]) => [
      status,
      { description: ofStatus.map((code) => `\`${code}\`: ${errorCodes[code]}.`).join(' '), ...problem },
    ]),
  );
}

function jsonContent(type: string, schema: object, example?: unknown): OpenApiContent {
  return { content: { [type]: { schema, ...(example !== undefined && { example }) } } };
}

function jsonSchema(schema: v.GenericSchema): object {
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
