import * as v from 'valibot';
import { consumerFormats, maxConsumers } from '../../../src/index.ts';
import { consumerNameForm, contactIdForm, fieldForm, type IdentifierForm, keyIdForm } from '../../../src/internal.ts';
import type { DecryptAnswer, InspectAnswer, Problem, ReencryptAnswer } from '../contract.ts';

/**
 * Text that is described in /openapi.json by the form's pattern, but not checked against it: the decryptor says what is
 * wrong with a key id or a ciphertext, with a code for each cause.
 */
const text = (description: string, { pattern, maxLength }: Partial<IdentifierForm> = {}) =>
  v.pipe(v.string(), v.metadata({ pattern: pattern?.source, maxLength }), v.description(description));
const count = (description: string) => v.pipe(v.number(), v.description(description));

const keyId = text('The key id under which the message was decrypted.', keyIdForm);
const requiredKeyId = text('The key id that the message must name. Default: the one that it names.', keyIdForm);
const suite = text("The algorithm suite's id, four hexadecimal digits.");
const encryptionContext = v.pipe(
  v.record(v.string(), v.string()),
  v.description('Authenticated, but not encrypted. Connect puts the public key of the signature there.'),
);

const ciphertext = text('What Connect stored as $.StoredCustomerInput: base64 of an AWS Encryption SDK message.', {
  pattern: /^[A-Za-z0-9+/]+={0,2}$/,
});

export const decryptBody = v.object({ ciphertext, keyId: v.optional(requiredKeyId) });

export const inspectBody = v.object({ ciphertext });

const maxBatchItems = 100;

// Without the patterns: an item whose ciphertext or key id is wrong does not fail the others.
const batchItem = v.object({
  ciphertext: text('As in /v1/decrypt.'),
  keyId: v.optional(text('As in /v1/decrypt.')),
});

export const batchBody = v.object({
  items: v.pipe(
    v.array(batchItem),
    v.minLength(1),
    v.maxLength(maxBatchItems),
    v.description('The ciphertexts. Each item may have its own key id.'),
  ),
});

export const decryptAnswer = v.object({
  plaintext: text('What the caller typed.'),
  encoding: v.pipe(v.picklist(['utf-8', 'base64']), v.description('base64 if the plaintext is not UTF-8 text.')),
  keyId,
  suite,
  encryptionContext,
  messageId: text('Hexadecimal. Different in every message, so it identifies one.'),
}) satisfies v.GenericSchema<DecryptAnswer>;

export const problemDetails = v.object({
  type: text('A URN that ends with the code.'),
  title: text('The meaning of the code. The same for every error with this code.'),
  status: count('The HTTP status of the code.'),
  detail: text('What happened, with which key id, and what to do next.'),
  code: text('Stable. Branch on it.'),
  requestId: text('The id of the request in the log.'),
}) satisfies v.GenericSchema<Record<keyof Problem, unknown>>;

const error = v.pipe(problemDetails, v.description('Why this one failed, as problem details.'));

export const batchAnswer = v.object({
  results: v.pipe(
    v.array(v.union([decryptAnswer, v.object({ error })])),
    v.description('A result or an error for each item, in the order of the items.'),
  ),
});

export const reencryptBody = v.object({
  ciphertext,
  keyId: v.optional(requiredKeyId),
  contactId: v.optional(text('The contact id of the call, for the audit.', contactIdForm)),
  field: text('What the input is, such as card. The message itself does not say.', fieldForm),
  consumers: v.pipe(
    v.array(text("A consumer's name.", consumerNameForm)),
    v.minLength(1),
    v.maxLength(maxConsumers),
    v.metadata({ uniqueItems: true }),
    v.description('The names of the consumers, each once.'),
  ),
});

const consumer = text("The consumer's name.");
const format = v.pipe(v.picklist(consumerFormats), v.description('The format that the consumer reads.'));
const encrypted = text('The input, encrypted for this consumer.');

export const reencryptAnswer = v.object({
  keyId: v.optional(text('As in /v1/decrypt. Absent if no consumer may have the field.', keyIdForm)),
  suite: v.optional(text('As in /v1/decrypt. Absent if no consumer may have the field.')),
  results: v.pipe(
    v.array(v.union([v.object({ consumer, format, ciphertext: encrypted }), v.object({ consumer, error })])),
    v.description('A result or an error for each consumer, in the order of the consumers.'),
  ),
}) satisfies v.GenericSchema<unknown, Partial<Record<keyof ReencryptAnswer, unknown>>>;

export const inspectAnswer = v.object({
  version: v.pipe(v.picklist([1, 2]), v.description('The version of the message format.')),
  suite: v.pipe(
    v.object({ id: suite, name: text("The suite's name in the AWS Encryption SDK.") }),
    v.description('The algorithm suite.'),
  ),
  encryptedDataKeys: v.pipe(
    v.array(
      v.object({
        providerId: text('AmazonConnect if Connect encrypted the input.'),
        providerInfo: text('The key id.'),
        byteLength: count('The length of the encrypted data key, which is that of the RSA key.'),
      }),
    ),
    v.description('The key of the body, encrypted. Connect encrypts it for one key id.'),
  ),
  encryptionContext,
  contentType: v.pipe(v.picklist(['framed', 'non-framed']), v.description('Connect frames the body.')),
  frameLength: count('Plaintext bytes in a full frame; 0 if the body is not framed.'),
  frameCount: count('The number of frames.'),
  plaintextBytes: count('The length of the input.'),
  messageBytes: count('The length of the message.'),
  signature: v.pipe(
    v.picklist(['valid', 'invalid', 'none']),
    v.description('Whether the signature is valid. none for an unsigned suite.'),
  ),
}) satisfies v.GenericSchema<unknown, InspectAnswer>;

export const connectEvent = v.pipe(
  v.unknown(),
  v.description('A ContactFlowEvent, as Connect passes it to a Lambda function.'),
);

const revealed = {
  decryptedData: v.optional(text('The input, if REVEAL is full.')),
  last4: v.optional(text('The last four characters of the input, if REVEAL is last4.')),
  dataLength: v.optional(count('The length of the input in characters.')),
  luhn: v.optional(v.pipe(v.picklist(['valid', 'invalid']), v.description('The Luhn check, if REVEAL asks for it.'))),
  brand: v.optional(text('The brand of the card, if REVEAL asks for the Luhn check.')),
  check: v.optional(
    v.pipe(
      v.picklist(['valid', 'length', 'luhn', 'expired']),
      v.description('valid, or what is wrong, if CHECK names the field.'),
    ),
  ),
};
const failed = {
  error: text('The meaning of the code.'),
  code: text('Stable. Branch on it.'),
  detail: text('What happened, with which key id, and what to do next.'),
};
const consumers = v.record(
  v.string(),
  v.union([
    v.object({ success: v.literal(true), format, ciphertext: encrypted }),
    v.object({ success: v.literal(false), ...failed }),
  ]),
);
const connectData = {
  message: text('What happened, in a few words.'),
  contactId: v.pipe(v.nullable(v.string()), v.description("The event's contact id.")),
  requestId: text('The id of the request in the log.'),
  ...revealed,
  result: v.optional(
    v.pipe(
      v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])),
      v.description('What your own code returned.'),
    ),
  ),
  withheld: v.optional(v.pipe(v.array(v.string()), v.description('Members of the result that were left out.'))),
  consumers: v.optional(v.pipe(consumers, v.description('The input for each consumer, if the event names consumers.'))),
  fields: v.optional(
    v.pipe(
      v.record(
        v.string(),
        v.union([
          v.object({ success: v.literal(true), ...revealed }),
          v.object({ success: v.boolean(), consumers }),
          v.object({ success: v.literal(false), ...failed }),
        ]),
      ),
      v.description('Each field by its name, with the members above.'),
    ),
  ),
};

export const connectAnswer = v.union([
  v.object({ 'status-code': v.literal(200), data: v.object({ success: v.literal(true), ...connectData }) }),
  v.object({ 'status-code': v.literal(500), data: v.object({ success: v.literal(false), ...connectData }), ...failed }),
  v.pipe(v.record(v.string(), v.string()), v.description('With ANSWER=flat: an object of strings.')),
]);

export const statusAnswer = v.object({ status: v.literal('ok') });
