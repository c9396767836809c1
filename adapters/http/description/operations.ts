import type * as v from 'valibot';
import type { ErrorCode } from '../../../src/index.ts';
import type { OperationName } from '../contract.ts';
import { examples, type OperationExample } from './examples.ts';
import * as schemas from './schemas.ts';

/** A route of the service, as the app serves it, and as /openapi.json and /docs describe it. */
export interface Operation {
  readonly path: string;
  readonly summary: string;
  /** Markdown. */
  readonly description: string;
  /** The schema of the request. A route with one is POST and needs a token; one without is GET and open to everyone. */
  readonly body?: v.GenericSchema;
  readonly answer: v.GenericSchema;
  readonly example: OperationExample;
  /** Besides the errors of every route. */
  readonly errors?: readonly ErrorCode[];
}

const messageErrors = [
  'missing_parameter',
  'no_caller_input',
  'malformed_ciphertext',
  'not_encrypted',
  'unsupported_message',
] as const satisfies readonly ErrorCode[];

const decryptErrors = [
  ...messageErrors,
  'invalid_key_id',
  'key_id_mismatch',
  'unknown_key',
  'invalid_private_key',
  'decryption_failed',
  'key_store_unavailable',
  'deadline_exceeded',
] as const satisfies readonly ErrorCode[];

/** The routes that need a token, by the names that limit a token to them. */
export const operations = {
  decrypt: {
    path: '/v1/decrypt',
    summary: 'Decrypt one ciphertext',
    description: 'Decrypts what Connect encrypted with a flow security key.',
    body: schemas.decryptBody,
    answer: schemas.decryptAnswer,
    example: examples.decrypt,
    errors: decryptErrors,
  },
  decryptBatch: {
    path: '/v1/decrypt/batch',
    summary: 'Decrypt up to 100 ciphertexts',
    description:
      'Decrypts the items concurrently. Each item has its own result or error, in the order of the request. A key that cannot be read in time fails only the items that need it.',
    body: schemas.batchBody,
    answer: schemas.batchAnswer,
    example: examples.decryptBatch,
  },
  reencrypt: {
    path: '/v1/reencrypt',
    summary: 'Re-encrypt one ciphertext for up to 50 consumers',
    description:
      'Decrypts the ciphertext and encrypts the input for each consumer. Each consumer has its own result or error, in the order of the request. The response never contains the plaintext.',
    body: schemas.reencryptBody,
    answer: schemas.reencryptAnswer,
    example: examples.reencrypt,
    errors: [...decryptErrors, 'invalid_consumer_name', 'not_found', 'audit_unavailable'],
  },
  inspect: {
    path: '/v1/inspect',
    summary: 'Read a ciphertext without a key',
    description: 'Returns what the message says about itself, and whether its signature is valid.',
    body: schemas.inspectBody,
    answer: schemas.inspectAnswer,
    example: examples.inspect,
    errors: messageErrors,
  },
  connect: {
    path: '/v1/connect',
    summary: 'Respond to a ContactFlowEvent',
    description:
      'Returns the same bytes as the Lambda function. A failure has HTTP status 200, too. Its own status is in `status-code`.',
    body: schemas.connectEvent,
    answer: schemas.connectAnswer,
    example: examples.connect,
  },
} as const satisfies Record<Exclude<OperationName, 'metrics'>, Operation>;

/** The routes that need no token. */
export const openOperations = {
  healthz: {
    path: '/healthz',
    summary: 'Check that the service is up',
    description: 'Contacts no other service.',
    answer: schemas.statusAnswer,
    example: examples.healthz,
  },
  readyz: {
    path: '/readyz',
    summary: 'Check that the service can decrypt',
    description: 'Contacts the key store, at most once in five seconds.',
    answer: schemas.statusAnswer,
    example: examples.readyz,
    errors: ['key_store_unavailable', 'deadline_exceeded'],
  },
} as const satisfies Record<string, Operation>;
