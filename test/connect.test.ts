import fc from 'fast-check';
import {
  type ContactFlowAnswer,
  connectSettings,
  createDecryptor,
  FlowKeysError,
  handleContactFlowEvent,
  type KeyStore,
} from 'flow-security-keys';
import { createHandler } from 'flow-security-keys/lambda';
import { describe, expect, it, vi } from 'vitest';
import { contactFlowEvent, recordedEvent, recordingNamed, testKeyStore, testKeys } from './recordings/recordings.ts';
import { encrypted } from './support/encrypted.ts';

const card = recordingNamed('java rsa2048-card-number');
const cvc = recordingNamed('java rsa2048-cvc');
const expiry = recordingNamed('python rsa2048-expiry');
const ids = { contactId: '5ca32fbd-8f92-46af-92a5-6b0f970f0efe', requestId: 'request' };

const keyStore: KeyStore = testKeyStore;
const decryptor = createDecryptor({ keyStore });

async function answer(event: unknown, environment: Readonly<Record<string, string>> = {}): Promise<ContactFlowAnswer> {
  const settings = connectSettings(environment);
  return (await handleContactFlowEvent(event, { decryptor, requestId: 'request', settings })).answer;
}

/** An event with attributes of the contact. */
function withAttributes(parameters: object, attributes: object): unknown {
  const event = contactFlowEvent({ ...parameters }) as { Details: { ContactData: { Attributes: object } } };
  event.Details.ContactData.Attributes = attributes;
  return event;
}

describe("The article's parameters", () => {
  it('get the response of the article', async () => {
    expect(await answer(recordedEvent(card))).toEqual({
      'status-code': 200,
      data: {
        success: true,
        message: 'Data decrypted successfully',
        ...ids,
        decryptedData: '4444444444444444',
        dataLength: 16,
      },
    });
  });

  it('need no key id unless it is required', async () => {
    const event = contactFlowEvent({ 'my-secret-string': card.ciphertext });
    expect(await answer(event)).toMatchObject({ data: { decryptedData: card.plaintext } });
    expect(await answer(event, { KEY_ID: 'required' })).toEqual({
      'status-code': 500,
      data: { success: false, message: "Missing key ID parameter 'key-id'", ...ids },
      error: 'Missing required parameter',
      code: 'missing_parameter',
      detail: expect.stringContaining('key-id'),
    });
  });

  it('fail with a fixed error text and code, and a detail that says what to do', async () => {
    expect(await answer(contactFlowEvent({ 'my-secret-string': 'Timeout' }))).toEqual({
      'status-code': 500,
      data: { success: false, message: 'Decryption failed', ...ids },
      error: 'The caller entered nothing',
      code: 'no_caller_input',
      detail: expect.stringContaining('prompt again'),
    });
  });
});

describe('Several fields', () => {
  const parameters = { card: card.ciphertext, expiry: expiry.ciphertext, cvc: cvc.ciphertext };

  it('are all parameters whose value is a ciphertext, each with its own outcome', async () => {
    expect(await answer(contactFlowEvent({ ...parameters, language: 'en', tries: 2 }))).toEqual({
      'status-code': 200,
      data: {
        success: true,
        message: 'Data decrypted successfully',
        ...ids,
        fields: {
          card: { success: true, decryptedData: card.plaintext, dataLength: 16 },
          expiry: { success: true, decryptedData: '1228', dataLength: 4 },
          cvc: { success: true, decryptedData: '123', dataLength: 3 },
        },
      },
    });
  });

  it("succeed or fail on their own, and the article's parameter keeps its place", async () => {
    const event = contactFlowEvent({ 'my-secret-string': card.ciphertext, expiry: 'Timeout', cvc: cvc.ciphertext });
    expect(await answer(event)).toMatchObject({
      'status-code': 500,
      code: 'no_caller_input',
      data: {
        success: false,
        message: 'Decryption failed',
        decryptedData: card.plaintext,
        fields: { expiry: { success: false, code: 'no_caller_input' }, cvc: { success: true, decryptedData: '123' } },
      },
    });
  });

  it('are only those that FIELDS names', async () => {
    const event = contactFlowEvent({ ...parameters, plain: 'no ciphertext' });
    expect(await answer(event, { FIELDS: 'cvc, plain zip' })).toMatchObject({
      data: {
        fields: {
          cvc: { success: true },
          plain: { success: false, code: 'malformed_ciphertext' },
          zip: { success: false, code: 'missing_parameter' },
        },
      },
    });
    expect(JSON.stringify(await answer(event, { FIELDS: 'cvc' }))).not.toContain('card');
  });

  it('can be contact attributes when that is enabled, and parameters precede attributes', async () => {
    const event = withAttributes({ cvc: cvc.ciphertext }, { card: card.ciphertext, cvc: 'Timeout', name: 'x' });
    expect(JSON.stringify(await answer(event))).not.toContain('card');
    const fields = { cvc: { success: true, decryptedData: '123' }, card: { success: true } };
    expect(await answer(event, { ATTRIBUTES: 'true' })).toMatchObject({ 'status-code': 200, data: { fields } });
    expect(await answer(event, { ATTRIBUTES: 'true', FIELDS: 'card cvc' })).toMatchObject({ data: { fields } });
  });

  it('must all be under the key id that the flow passes', async () => {
    const other = recordingNamed('java rsa3072-cvc');
    const event = contactFlowEvent({ 'key-id': card.keyId, card: card.ciphertext, cvc: other.ciphertext });
    expect(await answer(event)).toMatchObject({
      data: { fields: { card: { success: true }, cvc: { success: false, code: 'key_id_mismatch' } } },
    });
  });

  it('are at most 20', async () => {
    const many = Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`field${index}`, 'Timeout']));
    expect(await answer(contactFlowEvent(many))).toMatchObject({ code: 'invalid_request', detail: /21 .* 20/ });
    const { field0: _, ...twenty } = many;
    expect(await answer(contactFlowEvent(twenty))).toMatchObject({ code: 'no_caller_input' });
  });
});

describe('ANSWER=flat', () => {
  const flat = { ANSWER: 'flat' };

  it('is an object of strings, with names that Connect allows', async () => {
    const event = contactFlowEvent({
      'my-secret-string': card.ciphertext,
      'card cvc': cvc.ciphertext,
      'card.cvc': 'Timeout',
    });
    expect(await answer(event, flat)).toEqual({
      'status-code': '500',
      success: 'false',
      code: 'no_caller_input',
      error: 'The caller entered nothing',
      detail: expect.any(String),
      message: 'Decryption failed',
      ...ids,
      decryptedData: card.plaintext,
      dataLength: '16',
      card_cvc_success: 'true',
      card_cvc_code: 'ok',
      card_cvc_decryptedData: '123',
      card_cvc_dataLength: '3',
      card_cvc_success_2: 'false',
      card_cvc_code_2: 'no_caller_input',
      card_cvc_error: 'The caller entered nothing',
      card_cvc_detail: expect.any(String),
    });
  });

  it('answers any event in time and in that form', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({ Details: fc.record({ Parameters: fc.jsonValue(), ContactData: fc.jsonValue() }) }),
        async (event) => {
          for (const [name, value] of Object.entries(await answer(event, { ...flat, ATTRIBUTES: 'true' }))) {
            expect(name).toMatch(/^[A-Za-z0-9_-]+$/);
            expect(value).toBeTypeOf('string');
          }
        },
      ),
    );
  });

  it('has success and code at the top after a success', async () => {
    expect(await answer(recordedEvent(card), flat)).toMatchObject({ success: 'true', code: 'ok', dataLength: '16' });
  });
});

describe('A response of 32 KB', () => {
  it.for(['nested', 'flat'])('is replaced by an error (%s)', async (form) => {
    const keyId = testKeys[0]?.keyId ?? '';
    const long = await encrypted('x'.repeat(33_000), keyId);
    const tooLarge = await answer(contactFlowEvent({ 'my-secret-string': long }), { ANSWER: form });
    expect(tooLarge).toMatchObject({ code: 'answer_too_large', detail: expect.stringContaining('32 KB') });
    expect(JSON.stringify(tooLarge).length).toBeLessThan(1_000);
    const revealed = await answer(contactFlowEvent({ 'my-secret-string': long }), { ANSWER: form, REVEAL: 'last4' });
    expect(JSON.stringify(revealed)).toContain('"xxxx"');
  });
});

describe('REVEAL', () => {
  const keyId = testKeys[0]?.keyId ?? '';
  const data = async (plaintext: string, policy: string) => {
    const event = contactFlowEvent({ 'my-secret-string': await encrypted(plaintext, keyId) });
    const { data } = (await answer(event, { REVEAL: policy })) as unknown as {
      data: Record<string, unknown>;
    };
    const { decryptedData, last4, dataLength, luhn, brand } = data;
    return JSON.parse(JSON.stringify({ decryptedData, last4, dataLength, luhn, brand }));
  };

  it.for<[string, string, object]>([
    ['full', '4111111111111111', { decryptedData: '4111111111111111', dataLength: 16 }],
    ['last4', '4111111111111111', { last4: '1111', dataLength: 16 }],
    ['last4', '12345678', { last4: '5678', dataLength: 8 }],
    ['last4', '1234567', { dataLength: 7 }],
    ['last4', '123', { dataLength: 3 }],
    ['none', '4111111111111111', { dataLength: 16 }],
    ['luhn', '4111111111111111', { dataLength: 16, luhn: 'valid', brand: 'visa' }],
    ['luhn', '4111111111111112', { dataLength: 16, luhn: 'invalid' }],
    ['luhn', '', { dataLength: 0, luhn: 'invalid' }],
    ['luhn', '0', { dataLength: 1, luhn: 'invalid' }],
    ['luhn', '41111111111111x1', { dataLength: 16, luhn: 'invalid' }],
    ['luhn', '5555555555554444', { dataLength: 16, luhn: 'valid', brand: 'mastercard' }],
    ['luhn', '378282246310005', { dataLength: 15, luhn: 'valid', brand: 'american-express' }],
    ['luhn', '000000000000', { dataLength: 12, luhn: 'valid' }],
    ['last4+luhn', '6011111111111117', { last4: '1117', dataLength: 16, luhn: 'valid', brand: 'discover' }],
    ['full+luhn', '123', { decryptedData: '123', dataLength: 3, luhn: 'invalid' }],
  ])('%s of %s', async ([policy, plaintext, expected]) => {
    expect(await data(plaintext, policy)).toEqual(expected);
  });

  it('never shows more than the last four digits unless it is full', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.stringMatching(/^[0-9*#]{5,40}$/),
        fc.constantFrom('last4', 'none', 'luhn', 'last4+luhn'),
        async (plaintext, policy) => {
          expect(JSON.stringify(await data(plaintext, policy))).not.toContain(plaintext.slice(-5));
        },
      ),
      { numRuns: 30 },
    );
  });

  it('can be set for each field', async () => {
    const event = contactFlowEvent({ card: card.ciphertext, expiry: expiry.ciphertext, cvc: cvc.ciphertext });
    expect(await answer(event, { REVEAL: 'none card=last4+luhn expiry=full' })).toMatchObject({
      data: {
        fields: {
          card: { success: true, last4: '4444', dataLength: 16, luhn: 'invalid' },
          expiry: { success: true, decryptedData: '1228', dataLength: 4 },
          cvc: { success: true, dataLength: 3 },
        },
      },
    });
  });
});

describe('An invalid setting', () => {
  it.for([
    { REVEAL: 'all' },
    { REVEAL: 'card=last5' },
    { REVEAL: 'constructor' },
    { ANSWER: 'xml' },
    { KEY_ID: 'yes' },
    { ATTRIBUTES: '1' },
  ])('is refused at the start: %o', (environment) => {
    expect(() => connectSettings(environment)).toThrow(FlowKeysError);
    expect(() => connectSettings(environment)).toThrow(Object.keys(environment)[0]);
  });
});

describe('The Lambda handler', () => {
  const context = { awsRequestId: 'request', getRemainingTimeInMillis: () => 8_000 };
  const handler = createHandler({ keyStore, log: () => {} });

  it('answers any event: of any channel, without a context, of 6 MB', async () => {
    const events = [
      recordedEvent(card),
      { ...(recordedEvent(card) as object), padding: 'x'.repeat(6_000_000) },
      JSON.parse(JSON.stringify(recordedEvent(card)).replace('"VOICE"', '"CARRIER_PIGEON"')),
    ];
    for (const event of events) {
      expect(await handler(event, context)).toMatchObject({ data: { decryptedData: card.plaintext } });
      expect(await handler(event)).toMatchObject({ data: { decryptedData: card.plaintext, requestId: '' } });
    }
    await fc.assert(
      fc.asyncProperty(fc.anything(), async (event) => {
        expect(await handler(event, context)).toMatchObject({ 'status-code': 500 });
      }),
    );
  });

  it('reads a key once for many concurrent invocations', async () => {
    const privateKeys = vi.fn(testKeyStore.privateKeys);
    const cold = createHandler({ keyStore: { privateKeys }, log: () => {} });
    const answers = await Promise.all(Array.from({ length: 20 }, () => cold(recordedEvent(card), context)));
    expect(answers.filter((given) => given['status-code'] === 200)).toHaveLength(20);
    expect(privateKeys).toHaveBeenCalledTimes(1);
  });

  it('answers when no time is left', async () => {
    const late = createHandler({ keyStore: { privateKeys: () => new Promise(() => {}) }, log: () => {} });
    const answer = await late(recordedEvent(card), { ...context, getRemainingTimeInMillis: () => -5 });
    expect(answer).toMatchObject({ 'status-code': 500, code: 'deadline_exceeded' });
  });

  it('throws only what Connect should retry, when that is enabled', async () => {
    const down: KeyStore = { privateKeys: () => Promise.reject(new Error('down')) };
    const log = () => {};
    expect(await createHandler({ keyStore: down, log })(recordedEvent(card), context)).toMatchObject({
      code: 'key_store_unavailable',
    });
    const retrying = createHandler({ keyStore: down, retry: true, log });
    await expect(retrying(recordedEvent(card), context)).rejects.toMatchObject({ code: 'key_store_unavailable' });
    expect(await retrying({}, context)).toMatchObject({ code: 'missing_parameter' });
  });
});

describe('What is read from an event', () => {
  it("is the event's own properties, not inherited ones", async () => {
    const inherited = Object.create({ Details: recordedDetails(card) });
    expect(await answer(inherited)).toMatchObject({ code: 'missing_parameter' });
    const parameters = Object.create({ 'my-secret-string': card.ciphertext });
    expect(await answer({ Details: { Parameters: parameters } })).toMatchObject({ code: 'missing_parameter' });
  });

  it.for([
    ['5ca32fbd-8f92-46af-92a5-6b0f970f0efe', true],
    ['11111111-2222-3333-4444-555555555555', true],
    ['contact-1', true],
    ['4111111111111111', false],
    ['4111-1111-1111-1111', false],
    ['4111 1111 1111 111a', false],
    ['a'.repeat(101), false],
    ['../x', false],
    ['a\nb', false],
    [7, false],
  ] as const)('is a contact id only in the form of one: %s', async ([contactId, isTaken]) => {
    const event = { Details: { ContactData: { ContactId: contactId }, Parameters: {} } };
    expect(await answer(event)).toMatchObject({ data: { contactId: isTaken ? contactId : null } });
  });
});

function recordedDetails(recording: typeof card): unknown {
  return (recordedEvent(recording) as { readonly Details: unknown }).Details;
}
