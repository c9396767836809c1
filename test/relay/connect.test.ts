import {
  connectSettings,
  createDecryptor,
  createRelay,
  handleContactFlowEvent,
  type ReencryptionRecord,
} from 'flow-security-keys';
import { createHandler, type LambdaAuditLine } from 'flow-security-keys/lambda';
import { describe, expect, it, vi } from 'vitest';
import { opened } from '../parity/opened.ts';
import { contactFlowEvent, recordingNamed, testKeyStore } from '../recordings/recordings.ts';
import { consumerDocuments, limitedConsumer } from '../support/consumer-documents.ts';

const card = recordingNamed('java rsa2048-card-number');
const cvc = recordingNamed('java rsa2048-cvc');
const long = recordingNamed('java rsa2048-exactly-one-frame');
const documents = consumerDocuments();
const consumerStore = { consumer: async (name: string) => documents.get(name) };
const decryptor = createDecryptor({ keyStore: testKeyStore });
const relay = createRelay({ decryptor, consumerStore });
const everyPlaintext = [card, cvc, long].map(({ plaintext }) => plaintext);

async function handle(parameters: object, environment: Readonly<Record<string, string>> = { CONSUMERS: '*' }) {
  const records: ReencryptionRecord[] = [];
  const settings = connectSettings(environment);
  const audit = (record: ReencryptionRecord) => void records.push(record);
  const options = { decryptor, relay, requestId: 'request', settings, audit };
  return { ...(await handleContactFlowEvent(contactFlowEvent({ ...parameters }), options)), records };
}

/** The members of an answer, of whichever kind. */
function members(answer: object): Record<string, string> {
  return { ...answer };
}

describe('An event that names consumers', () => {
  it('gets a ciphertext for each, as strings in the flat form', async () => {
    const parameters = { card: card.ciphertext, 'my-secret-string': cvc.ciphertext, consumer: 'ledger, billing' };
    const { answer } = await handle(parameters, { CONSUMERS: 'ledger billing', ANSWER: 'flat' });
    const flat = members(answer);
    expect(flat).toEqual({
      'status-code': '200',
      success: 'true',
      code: 'ok',
      message: 'Data re-encrypted successfully',
      contactId: '5ca32fbd-8f92-46af-92a5-6b0f970f0efe',
      requestId: 'request',
      consumers_ledger_code: 'ok',
      consumers_ledger_success: 'true',
      consumers_ledger_format: 'aws-encryption-sdk',
      consumers_ledger_ciphertext: expect.any(String),
      consumers_billing_code: 'ok',
      consumers_billing_success: 'true',
      consumers_billing_format: 'jwe',
      consumers_billing_ciphertext: expect.any(String),
      card_code: 'ok',
      card_success: 'true',
      card_consumers_ledger_code: 'ok',
      card_consumers_ledger_success: 'true',
      card_consumers_ledger_format: 'aws-encryption-sdk',
      card_consumers_ledger_ciphertext: expect.any(String),
      card_consumers_billing_code: 'ok',
      card_consumers_billing_success: 'true',
      card_consumers_billing_format: 'jwe',
      card_consumers_billing_ciphertext: expect.any(String),
    });
    const read = await opened('billing', flat['card_consumers_billing_ciphertext'] ?? '');
    expect(read).toMatchObject({ plaintext: card.plaintext, labels: { 'urn:flow-security-keys:field': 'card' } });
  });

  it('is refused when the settings allow no consumers, which is the default', async () => {
    const { answer, records, failures } = await handle({ 'my-secret-string': card.ciphertext, consumer: 'ledger' }, {});
    expect(answer).toMatchObject({ 'status-code': 500, data: { consumers: { ledger: { code: 'forbidden' } } } });
    expect(records).toMatchObject([{ consumer: 'ledger', code: 'forbidden' }]);
    expect(failures).toMatchObject([{ code: 'forbidden' }]);
  });

  it('fails as not_configured without a consumer store, not in the clear', async () => {
    const event = contactFlowEvent({ 'my-secret-string': card.ciphertext, consumer: 'ledger' });
    const { answer } = await handleContactFlowEvent(event, { decryptor, requestId: 'request' });
    expect(answer).toMatchObject({ 'status-code': 500, code: 'not_configured' });
    expect(JSON.stringify(answer)).not.toContain(card.plaintext);
  });

  it.for<[string, unknown]>([
    ['one that may not have the field', limitedConsumer],
    ['one that nobody knows', 'nobody'],
    ['an empty text, as Connect passes an attribute that is not set', ''],
    ['null', null],
    ['a path', '../ledger'],
    ['a list', ['ledger']],
    ['the same twice', 'ledger,ledger'],
  ])('never gets an input in the clear: %s', async ([, consumer]) => {
    for (const ANSWER of ['nested', 'flat']) {
      const inputs = { 'my-secret-string': card.ciphertext, long: long.ciphertext };
      const { answer, record } = await handle({ ...inputs, consumer }, { CONSUMERS: '*', ANSWER });
      const text = JSON.stringify([answer, record]);
      for (const plaintext of everyPlaintext) expect(text).not.toContain(plaintext);
      expect(text).not.toMatch(/decryptedData|dataLength/);
      expect(record.code).not.toBe('ok');
    }
  });

  it('decrypts each of its inputs once', async () => {
    const decrypt = vi.spyOn(decryptor, 'decrypt');
    await handle({ card: card.ciphertext, cvc: cvc.ciphertext, consumer: 'ledger,billing,fraud-check' });
    expect(decrypt).toHaveBeenCalledTimes(2);
    decrypt.mockRestore();
  });

  it.for<[string, object]>([
    ['a misspelt name of the parameter', { consumers: 'ledger' }],
    ['none', {}],
    ['an empty one', { consumer: '' }],
  ])('is required by the setting, and nothing is in the clear: %s', async ([, parameters]) => {
    const { answer } = await handle({ card: card.ciphertext, ...parameters }, { CONSUMERS: '*', CONSUMER: 'required' });
    expect(answer).toMatchObject({ 'status-code': 500, code: 'missing_parameter' });
    expect(JSON.stringify(answer)).not.toContain(card.plaintext);
  });

  it('does not count fields that the event does not contain', async () => {
    const FIELDS = Array.from({ length: 20 }, (_, index) => `field-${index}`).join(' ');
    const { records } = await handle(
      { 'field-1': card.ciphertext, consumer: 'ledger,billing,archive' },
      { CONSUMERS: '*', FIELDS },
    );
    expect(records.filter(({ code }) => code === 'ok')).toHaveLength(3);
  });

  it('records a decryption even when the input did not reach every consumer', async () => {
    const { record } = await handle({ card: card.ciphertext, cvc: 'AYADeA==', consumer: 'ledger,nobody' });
    expect(record).toMatchObject({
      outcomes: ['unknown_consumer', 'malformed_ciphertext'],
      decryptions: ['ok', 'malformed_ciphertext'],
    });
    const refused = await handle({ card: card.ciphertext, consumer: 'nobody' });
    expect(refused.record).toMatchObject({ code: 'unknown_consumer' });
    expect(refused.record).not.toHaveProperty('decryptions');
  });

  it('can ask for at most 50 ciphertexts', async () => {
    const inputs = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`field-${index}`, card.ciphertext]));
    const { answer } = await handle({ ...inputs, consumer: 'ledger,billing,archive' });
    expect(answer).toMatchObject({ code: 'invalid_request', detail: expect.stringContaining('at most 50') });
  });

  it('gets an error instead of a response of 32 KB', async () => {
    const inputs = Object.fromEntries(Array.from({ length: 6 }, (_, index) => [`field-${index}`, long.ciphertext]));
    const { answer } = await handle({ ...inputs, consumer: 'ledger' });
    expect(answer).toMatchObject({ code: 'answer_too_large', detail: expect.stringContaining('consumers') });
    expect(JSON.stringify(answer)).not.toContain('ciphertext');
  });

  it('gets an error for a field that cannot be decrypted, and the other fields', async () => {
    const { answer, records } = await handle({
      card: card.ciphertext,
      'my-secret-string': 'AYAD',
      consumer: 'ledger',
    });
    expect(answer).toMatchObject({
      'status-code': 500,
      code: 'malformed_ciphertext',
      data: { fields: { card: { success: true, consumers: { ledger: { success: true } } } } },
    });
    expect(records.map(({ field, code }) => [field, code])).toEqual(
      expect.arrayContaining([
        ['card', 'ok'],
        ['my-secret-string', 'malformed_ciphertext'],
      ]),
    );
  });
});

describe("The Lambda handler's audit", () => {
  it('records function, instance, request, contact, field and consumer', async () => {
    const lines: LambdaAuditLine[] = [];
    const handler = createHandler({
      keyStore: testKeyStore,
      consumerStore,
      connect: connectSettings({ CONSUMERS: 'ledger' }),
      log: () => {},
      audit: (line) => void lines.push(line),
    });
    const invokedFunctionArn = 'arn:aws:lambda:us-east-1:123456789012:function:decrypt';
    const context = { awsRequestId: 'request', invokedFunctionArn, getRemainingTimeInMillis: () => 8_000 };
    await handler(contactFlowEvent({ card: card.ciphertext, consumer: 'ledger,billing' }), context);
    const known = {
      audit: 'reencryption',
      requestId: 'request',
      caller: invokedFunctionArn,
      instanceArn: 'arn:aws:connect:us-east-1:123456789012:instance/9308c2a1-9bc6-4cea-8290-6c0b4a6d38fa',
      contactId: '5ca32fbd-8f92-46af-92a5-6b0f970f0efe',
      field: 'card',
      keyId: card.keyId,
      milliseconds: expect.any(Number),
    };
    expect(lines).toEqual([
      { ...known, consumer: 'ledger', code: 'ok', format: 'aws-encryption-sdk', consumerKeyId: expect.any(String) },
      { ...known, consumer: 'billing', code: 'forbidden' },
    ]);
  });

  it('throws, so that Connect retries, when the consumer store is down and the setting asks for it', async () => {
    const down = {
      consumer: async (name: string) => {
        if (name === 'ledger') throw new Error('down');
        return undefined;
      },
    };
    const options = { keyStore: testKeyStore, consumerStore: down, connect: connectSettings({ CONSUMERS: '*' }) };
    const handler = createHandler({ ...options, retry: true, log: () => {}, audit: () => {} });
    for (const consumer of ['ledger', 'nobody,ledger']) {
      const event = contactFlowEvent({ card: card.ciphertext, consumer });
      await expect(handler(event)).rejects.toMatchObject({ code: 'consumer_store_unavailable' });
    }
  });
});

describe('CONSUMERS', () => {
  it.for(['../x', 'Billing', '4444444444444444', 'ledger;billing'])('cannot contain %s', (CONSUMERS) => {
    expect(() => connectSettings({ CONSUMERS })).toThrow('CONSUMERS must list consumer names');
  });
});
