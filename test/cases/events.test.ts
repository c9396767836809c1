import { readFile } from 'node:fs/promises';
import { connectSettings, createDecryptor, FlowKeysError, handleContactFlowEvent } from 'flow-security-keys';
import { flowSecurityKeys } from 'flow-security-keys/hono';
import { createHandler } from 'flow-security-keys/lambda';
import { describe, expect, it } from 'vitest';
import { inputWords, otherWords } from '../../src/connect/misplaced.ts';
import { contactFlowEvent, recordingNamed, testKeyStore } from '../recordings/recordings.ts';
import { runCli } from '../support/cli.ts';

const card = recordingNamed('java rsa2048-card-number');
const digits = '4111111111111111';

/** What the function, the HTTP route and `doctor` say of an event. */
async function saidOf(event: unknown, environment: Readonly<Record<string, string>> = {}) {
  const connect = connectSettings(environment);
  const logged: unknown[] = [];
  const handler = createHandler({ keyStore: testKeyStore, connect, log: (line) => logged.push(line) });
  const context = { awsRequestId: 'request', getRemainingTimeInMillis: () => 8_000 };
  const answer = JSON.parse(JSON.stringify(await handler(event, context)));
  const doctor = await runCli(['doctor', '--event', '-', '--store', 'directory:/nonexistent'], {
    input: JSON.stringify(event),
  });
  for (const text of [JSON.stringify([answer, logged]), doctor.stdout + doctor.stderr])
    expect(text).not.toContain(digits);
  return { answer, logged, doctor };
}

describe('An input that was not encrypted', () => {
  it.for([
    ["under the article's name", { 'my-secret-string': digits }],
    ["under the article's name, of two digits", { 'my-secret-string': '12' }],
    ['a card number under any name', { whatever: digits }],
    ['under a name that says what it is', { cvc: '123' }],
    ['in camel case', { EncryptedSecurityCode: '123' }],
    ['with the keys * and #', { pin: '12*4#' }],
    ['an account number', { 'account-number': '12345678' }],
  ] as const)('is recognized: %s', async ([, parameters]) => {
    const [name = ''] = Object.keys(parameters);
    const { answer, logged, doctor } = await saidOf(contactFlowEvent(parameters));
    expect(answer).toMatchObject({
      'status-code': 500,
      data: { success: false, message: 'Decryption failed' },
      code: 'not_encrypted',
      detail: expect.stringMatching(/Tick "Encrypt entry"/),
    });
    expect(answer.detail).toContain(name);
    expect(logged).toMatchObject([{ code: 'not_encrypted', notEncrypted: 1 }]);
    expect(doctor.stdout).toMatch(/PROBLEM +(event|input).*not_encrypted/);
  });

  it('beside one that was fails the call', async () => {
    const { answer, doctor } = await saidOf(contactFlowEvent({ card: card.ciphertext, cvc: '123' }));
    expect(answer).toMatchObject({
      'status-code': 500,
      data: {
        success: false,
        fields: {
          card: { success: true, decryptedData: card.plaintext },
          cvc: { success: false, code: 'not_encrypted' },
        },
      },
    });
    expect(doctor.stdout).toMatch(/input cvc[^\n]*not_encrypted/);
  });

  it('is found in FIELDS under any name', async () => {
    const { answer } = await saidOf(contactFlowEvent({ member: '12' }), { FIELDS: 'member' });
    expect(answer).toMatchObject({ code: 'not_encrypted' });
  });

  it.for([
    ['amount', '1250'],
    ['zip', '90210'],
    ['order', '4111111111111111'],
    ['order-number', '123456'],
    ['language', '12'],
    ['customer-phone', '4111111111111111'],
    ['ANI', '14155550100'],
    ['accountType', '123'],
    ['contact-id', '123456789012'],
    ['reference', '123456'],
    ['pan-length', '16'],
  ])('is not %s', async ([name = '', value]) => {
    const { answer } = await saidOf(contactFlowEvent({ card: card.ciphertext, [name]: value }));
    expect(answer).toMatchObject({ 'status-code': 200 });
  });

  it('is not found in JSON numbers', async () => {
    const { answer } = await saidOf(contactFlowEvent({ card: card.ciphertext, cvc: 123 }));
    expect(answer).toMatchObject({ 'status-code': 200 });
  });

  it('is found in attributes when these are read', async () => {
    const event = contactFlowEvent({ card: card.ciphertext }) as { Details: { ContactData: { Attributes: object } } };
    event.Details.ContactData.Attributes = { cvc: '123' };
    expect((await saidOf(event, { ATTRIBUTES: 'true' })).answer).toMatchObject({ code: 'not_encrypted' });
    expect((await saidOf(event)).answer).toMatchObject({ 'status-code': 200 });
  });
});

it('docs/lambda.md publishes both lists of words', async () => {
  const page = await readFile(new URL('../../docs/lambda.md', import.meta.url), 'utf8');
  for (const [name, words] of [
    ['input words', inputWords],
    ['other words', otherWords],
  ] as const) {
    const [, listed = ''] = page.match(new RegExp(`<!-- ${name} -->\\n([^]*?)\\n<!-- /${name} -->`)) ?? [];
    expect(listed).toBe(Array.from(words, (word) => `\`${word}\``).join(', '));
  }
});

describe('An event that is not from a contact flow', () => {
  it.for([
    ['Lex', { sessionState: {}, bot: {}, inputTranscript: '1' }, /Amazon Lex/],
    ['the former Lex', { currentIntent: {}, bot: {} }, /Amazon Lex/],
    ['EventBridge', { version: '0', source: 'aws.connect', 'detail-type': 'x', detail: {} }, /EventBridge/],
    ['API Gateway', { httpMethod: 'POST', requestContext: {}, body: '{}' }, /API Gateway/],
    ['a function URL', { rawPath: '/', requestContext: { http: {} } }, /function URL/],
    ['a direct invocation', { 'my-secret-string': card.ciphertext }, /not where a contact flow passes it/],
    ['a ciphertext alone', { card: card.ciphertext }, /not where a contact flow passes it/],
  ] as const)('is recognized: %s', async ([, event, said]) => {
    const { answer, doctor } = await saidOf(event);
    expect(answer).toMatchObject({ 'status-code': 500, code: 'invalid_request', detail: expect.stringMatching(said) });
    expect(doctor.stdout).toMatch(said);
  });

  it.for([
    ['nested', { payment: { card: card.ciphertext } }, /is not a string/],
    ['quoted', { card: JSON.stringify(card.ciphertext) }, /quotes stand around it/],
  ] as const)('gets an error for a parameter that is %s', async ([, parameters, said]) => {
    const { answer, doctor } = await saidOf(contactFlowEvent(parameters));
    expect(answer).toMatchObject({
      'status-code': 500,
      code: 'malformed_ciphertext',
      detail: expect.stringMatching(said),
    });
    expect(doctor.stdout).toMatch(said);
  });

  it('gets an error for a ciphertext in an attribute that is not read', async () => {
    const event = contactFlowEvent({}) as { Details: { ContactData: { Attributes: object } } };
    event.Details.ContactData.Attributes = { EncryptedCardNumber: card.ciphertext };
    const { answer, doctor } = await saidOf(event);
    expect(answer.detail).toMatch(/attribute EncryptedCardNumber.*ATTRIBUTES=true/);
    expect(doctor.stdout).toMatch(/ATTRIBUTES=true/);
  });

  it.for(['aws:kinesis', 'aws:sqs', 'other'])(
    'throws when it is a batch of records (%s), which must not count as processed',
    async (eventSource) => {
      const event = { Records: [{ eventSource, body: card.ciphertext }] };
      const handler = createHandler({ keyStore: testKeyStore, log: () => {} });
      await expect(handler(event)).rejects.toMatchObject({ code: 'invalid_request' });
      const decryptor = createDecryptor({ keyStore: testKeyStore });
      await expect(handleContactFlowEvent(event, { decryptor, requestId: '' })).rejects.toBeInstanceOf(FlowKeysError);
      const app = flowSecurityKeys({ keyStore: testKeyStore, authorization: { isDevelopment: true }, log: () => {} });
      const response = await app.request('http://127.0.0.1/v1/connect', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(event),
      });
      expect(response.status).toBe(400);
      const doctor = await runCli(['doctor', '--event', '-', '--store', 'directory:/nonexistent'], {
        input: JSON.stringify(event),
      });
      expect(doctor.stdout).toMatch(/batch from/);
    },
  );
});

describe('doctor reads an event in other forms:', () => {
  const event = contactFlowEvent({ card: card.ciphertext });
  const python = JSON.stringify(event).replaceAll('"', "'").replaceAll('null', 'None').replaceAll('true', 'True');
  it.for([
    [
      'an entry of a flow log',
      JSON.stringify({
        ContactFlowModuleType: 'InvokeExternalResource',
        Parameters: { Parameters: { card: card.ciphertext } },
      }),
    ],
    ['printed by Python', python],
    ['a line of a log', `2026-11-02T10:00:00.000Z\trequest\tINFO\t${JSON.stringify(event)}\n`],
    ['a line of a log, of Python', `[INFO] 2026-11-02T10:00:00.000Z ${python}`],
    ['a record of CloudWatch', JSON.stringify({ timestamp: 1, message: JSON.stringify(event) })],
    ['a ciphertext', card.ciphertext],
  ])('%s', async ([, input]) => {
    const { stdout } = await runCli(['doctor', '--event', '-', '--store', 'directory:/nonexistent'], {
      input: input ?? '',
    });
    expect(stdout).toMatch(/ok +message/);
  });
});
