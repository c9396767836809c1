import * as v from 'valibot';
import { consumerFormats, maxConsumers } from '../../../src/index.ts';
import { consumerNameForm, contactIdForm, fieldForm, type IdentifierForm, keyIdForm } from '../../../src/internal.ts';
import type { DecryptAnswer, InspectAnswer, Problem, ReencryptAnswer } from '../contract.ts';

// Of a key id and a ciphertext only the type is checked here: the decryptor says what else is wrong, with codes
// of its own. The patterns are for the readers of /openapi.json, and need no lookahead: generators
// of requests make few texts that pass one.
const text = ({ pattern, maxLength }: Partial<IdentifierForm>, description: string) =>
  v.pipe(v.string(), v.metadata({ pattern: pattern?.source, maxLength }), v.description(description));

const keyId = text(keyIdForm, 'A key id, as Connect shows it.');
const requiredKeyId = text(keyIdForm, 'The key id that the message must name. Default: what it names.');

const ciphertext = text(
  { pattern: /^[A-Za-z0-9+/]+={0,2}$/ },
  'What Connect stored as $.StoredCustomerInput: base64 of an AWS Encryption SDK message.',
);

export const decryptBody = v.object({
  ciphertext,
  keyId: v.optional(requiredKeyId),
});

export const inspectBody = v.object({ ciphertext });

export const maxBatchItems = 100;

// Without the patterns: an item whose ciphertext or key id is wrong does not fail the others.
const batchItem = v.object({ ciphertext: v.string(), keyId: v.optional(v.string()) });

export const batchBody = v.object({
  items: v.pipe(v.array(batchItem), v.minLength(1), v.maxLength(maxBatchItems)),
});

export const decryptAnswer = v.object({
  plaintext: v.pipe(v.string(), v.description('What the caller typed.')),
  encoding: v.pipe(v.picklist(['utf-8', 'base64']), v.description('base64 where the plaintext is no text.')),
  keyId,
  suite: v.pipe(v.string(), v.description("The algorithm suite's id, four hexadecimal digits.")),
  encryptionContext: v.record(v.string(), v.string()),
  messageId: v.pipe(v.string(), v.description("Tells messages apart, as a ciphertext's text does not; hexadecimal.")),
}) satisfies v.GenericSchema<DecryptAnswer>;

export const problemDetails = v.object({
  type: v.string(),
  title: v.string(),
  status: v.number(),
  detail: v.pipe(v.string(), v.description('What happened, with which key id, and what to do next.')),
  code: v.pipe(v.string(), v.description('Stable, to branch on.')),
  requestId: v.string(),
}) satisfies v.GenericSchema<Record<keyof Problem, unknown>>;

export const batchAnswer = v.object({
  results: v.pipe(
    v.array(v.union([decryptAnswer, v.object({ error: problemDetails })])),
    v.description('In the order of the items, each with its own success or error.'),
  ),
});

export const reencryptBody = v.object({
  ciphertext,
  keyId: v.optional(requiredKeyId),
  contactId: v.optional(text(contactIdForm, 'Of the call in which the input was given.')),
  field: text(fieldForm, 'What the input is; the message itself does not say.'),
  consumers: v.pipe(
    v.array(text(consumerNameForm, 'A name, once.')),
    v.minLength(1),
    v.maxLength(maxConsumers),
    v.metadata({ uniqueItems: true }),
  ),
});

export const reencryptAnswer = v.object({
  keyId: v.optional(keyId),
  suite: v.optional(v.pipe(v.string(), v.description('Absent, as keyId, where no consumer may have the field.'))),
  results: v.pipe(
    v.array(
      v.union([
        v.object({ consumer: v.string(), format: v.picklist(consumerFormats), ciphertext: v.string() }),
        v.object({ consumer: v.string(), error: problemDetails }),
      ]),
    ),
    v.description('In the order of the consumers, each with its own success or error.'),
  ),
}) satisfies v.GenericSchema<unknown, Partial<Record<keyof ReencryptAnswer, unknown>>>;

export const inspectAnswer = v.object({
  version: v.picklist([1, 2]),
  suite: v.object({ id: v.string(), name: v.string() }),
  encryptedDataKeys: v.array(v.object({ providerId: v.string(), providerInfo: v.string(), byteLength: v.number() })),
  encryptionContext: v.record(v.string(), v.string()),
  contentType: v.picklist(['framed', 'non-framed']),
  frameLength: v.number(),
  frameCount: v.number(),
  plaintextBytes: v.number(),
  messageBytes: v.number(),
  signature: v.picklist(['valid', 'invalid', 'none']),
}) satisfies v.GenericSchema<unknown, InspectAnswer>;

export const connectEvent = v.pipe(
  v.unknown(),
  v.description('A ContactFlowEvent, as Connect passes it to a Lambda function.'),
);

const revealed = {
  decryptedData: v.optional(v.pipe(v.string(), v.description('The input, where REVEAL is full.'))),
  last4: v.optional(v.pipe(v.string(), v.description('Its last four characters, where REVEAL is last4.'))),
  dataLength: v.optional(v.number()),
  luhn: v.optional(v.picklist(['valid', 'invalid'])),
  brand: v.optional(v.string()),
  check: v.optional(
    v.pipe(v.picklist(['valid', 'length', 'luhn', 'expired']), v.description('Where CHECK names the field.')),
  ),
};
const failed = { error: v.string(), code: v.string(), detail: v.string() };
const consumers = v.record(
  v.string(),
  v.union([
    v.object({ success: v.literal(true), format: v.picklist(consumerFormats), ciphertext: v.string() }),
    v.object({ success: v.literal(false), ...failed }),
  ]),
);
const connectData = {
  message: v.string(),
  contactId: v.nullable(v.string()),
  requestId: v.string(),
  ...revealed,
  result: v.optional(
    v.pipe(
      v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])),
      v.description('What the code returned that uses the inputs.'),
    ),
  ),
  withheld: v.optional(v.pipe(v.array(v.string()), v.description('Members of the result that were left out.'))),
  consumers: v.optional(v.pipe(consumers, v.description('Where the event names consumers.'))),
  fields: v.optional(
    v.record(
      v.string(),
      v.union([
        v.object({ success: v.literal(true), ...revealed }),
        v.object({ success: v.boolean(), consumers }),
        v.object({ success: v.literal(false), ...failed }),
      ]),
    ),
  ),
};

export const connectAnswer = v.union([
  v.object({ 'status-code': v.literal(200), data: v.object({ success: v.literal(true), ...connectData }) }),
  v.object({ 'status-code': v.literal(500), data: v.object({ success: v.literal(false), ...connectData }), ...failed }),
  v.pipe(v.record(v.string(), v.string()), v.description('With ANSWER=flat: an object of strings.')),
]);

export const statusAnswer = v.object({ status: v.literal('ok') });
