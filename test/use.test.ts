import { connectSettings, createDecryptor, handleContactFlowEvent, UseError, type UseInput } from 'flow-security-keys';
import { flowSecurityKeys } from 'flow-security-keys/hono';
import { createHandler, type HandlerOptions } from 'flow-security-keys/lambda';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { contactFlowEvent, recordingNamed, testKeyStore, testKeys } from './recordings/recordings.ts';
import { encrypted } from './support/encrypted.ts';

const card = recordingNamed('java rsa2048-card-number');
const cvc = recordingNamed('java rsa2048-cvc');
const context = { awsRequestId: 'request', getRemainingTimeInMillis: () => 8_000 };
const inputs = { card: card.ciphertext, cvc: cvc.ciphertext };
const canaries = [card.plaintext, card.ciphertext, cvc.ciphertext];

afterEach(() => {
  vi.useRealTimers();
});

/** Invokes a handler with this code, and keeps its response and its log. */
async function invoke(
  options: Omit<HandlerOptions, 'keyStore'>,
  parameters: Readonly<Record<string, unknown>> = inputs,
) {
  const logged: unknown[] = [];
  const handler = createHandler({
    keyStore: testKeyStore,
    log: (line) => logged.push(line),
    started: (line) => logged.push(line),
    ...options,
  });
  const answer = JSON.parse(JSON.stringify(await handler(contactFlowEvent(parameters), context)));
  for (const canary of canaries) expect(JSON.stringify([answer, logged])).not.toContain(canary);
  return { answer, logged };
}

describe('The code that uses the inputs', () => {
  it('is called once, with all inputs, the other parameters and an idempotency key', async () => {
    const use = vi.fn(async (_input: UseInput) => ({ approvalCode: 'A-17', approved: true, amount: 12.5 }));
    const { answer, logged } = await invoke({ use }, { ...inputs, amount: '12.50', 'key-id': card.keyId });
    expect(use).toHaveBeenCalledTimes(1);
    expect(use.mock.calls[0]?.[0]).toMatchObject({
      inputs: { card: card.plaintext, cvc: cvc.plaintext },
      parameters: { amount: '12.50' },
      contactId: '5ca32fbd-8f92-46af-92a5-6b0f970f0efe',
      keyId: card.keyId,
      idempotencyKey: expect.stringMatching(/^[0-9a-f]{64}$/),
      signal: expect.any(AbortSignal),
    });
    expect(use.mock.calls[0]?.[0].parameters).not.toHaveProperty('card');
    expect(answer).toMatchObject({
      'status-code': 200,
      data: {
        success: true,
        message: 'Data used successfully',
        result: { approvalCode: 'A-17', approved: true, amount: 12.5 },
      },
    });
    expect(answer.data.fields.card).toEqual({ success: true, dataLength: 16 });
    const [started, line] = logged;
    expect(started).toMatchObject({ idempotencyKey: use.mock.calls[0]?.[0].idempotencyKey });
    expect(line).toMatchObject({ code: 'ok', use: 'ok' });
  });

  it.for(['true', 'yes'])('is not called if the flow only asks for checks (check-only=%s)', async (value) => {
    const use = vi.fn(async () => ({}));
    const connect = connectSettings({ FIELDS: 'card cvc', CHECK: 'card=card', REVEAL: 'none card=last4' });
    const { answer, logged } = await invoke(
      { use, require: ['card', 'cvc'], connect },
      { card: card.ciphertext, 'check-only': value },
    );
    expect(use).not.toHaveBeenCalled();
    expect(logged).toHaveLength(1);
    expect(answer).toMatchObject({
      'status-code': 200,
      data: { success: true, message: 'Data decrypted successfully' },
    });
    expect(answer.data.fields).toEqual({
      card: { success: true, last4: card.plaintext.slice(-4), dataLength: 16, check: expect.any(String) },
    });
  });

  it('is called when the flow passes check-only=false', async () => {
    const use = vi.fn(async () => ({}));
    await invoke({ use }, { ...inputs, 'check-only': 'false' });
    expect(use).toHaveBeenCalledTimes(1);
  });

  it.for([
    ['fails', { ...inputs, card: `${card.ciphertext.slice(0, 700)}AAAA` }, 'malformed_ciphertext'],
    ['is silent', { ...inputs, card: 'Timeout' }, 'no_caller_input'],
    ['was not encrypted', { ...inputs, card: '12' }, 'not_encrypted'],
    ['is absent', { cvc: cvc.ciphertext }, 'missing_parameter'],
  ] as const)('is not called when a field %s, and the response says which', async ([, parameters, code]) => {
    const use = vi.fn(async () => ({}));
    const { answer } = await invoke(
      { use, require: ['card', 'cvc'], connect: connectSettings({ FIELDS: 'card cvc' }) },
      parameters,
    );
    expect(use).not.toHaveBeenCalled();
    expect(answer).toMatchObject({
      'status-code': 500,
      data: { success: false, fields: { card: { success: false, code } } },
    });
  });

  it('is not called when a required field was not encrypted, and the response does not repeat it', async () => {
    const use = vi.fn(async () => ({}));
    const { answer } = await invoke({ use, require: ['card'] }, { ...inputs, card: '4000123412341234' });
    expect(use).not.toHaveBeenCalled();
    expect(answer.data.fields.card).toMatchObject({ success: false, code: 'not_encrypted' });
    expect(JSON.stringify(answer)).not.toContain('4000123412341234');
  });

  it('can return only the codes that it declares to the flow', async () => {
    const decline = async () => {
      throw new UseError('declined');
    };
    const declared = await invoke({ use: decline, codes: ['declined'] });
    expect(declared.answer).toMatchObject({ 'status-code': 500, code: 'declined', data: { message: 'Use declined' } });
    expect(declared.logged.at(-1)).toMatchObject({ code: 'ok', use: 'declined' });
    expect((await invoke({ use: decline })).answer).toMatchObject({ code: 'use_failed' });
  });

  it('reveals nothing of what it throws to the flow, and only the class to the log', async () => {
    class GatewayError extends Error {
      readonly code = card.plaintext;
    }
    const { answer, logged } = await invoke({
      use({ inputs: { card: number } }) {
        throw new GatewayError(`The gateway refuses ${number}`);
      },
    });
    expect(answer).toMatchObject({ code: 'use_failed', data: { message: 'Use failed' } });
    expect(logged.at(-1)).toMatchObject({ code: 'use_failed', use: 'use_failed', cause: { name: 'GatewayError' } });
  });

  it('times out 500 ms before the flow stops waiting', async () => {
    let aborted = 0;
    const started = performance.now();
    const { answer } = await invoke({
      connect: connectSettings({ FLOW_TIME_LIMIT: '1' }),
      use: ({ signal }) =>
        new Promise(() => {
          signal.addEventListener('abort', () => {
            aborted = performance.now() - started;
          });
        }),
    });
    expect(answer).toMatchObject({ code: 'use_timed_out', data: { message: 'Use timed out' } });
    expect(aborted).toBeGreaterThan(300);
    expect(aborted).toBeLessThan(1_000);
  });

  it('is not called after the deadline', async () => {
    const use = vi.fn(async () => ({}));
    const late = { ...context, getRemainingTimeInMillis: () => 0 };
    const handler = createHandler({ keyStore: testKeyStore, log: () => {}, started: () => {}, use });
    expect(await handler(contactFlowEvent(inputs), late)).toMatchObject({ code: 'deadline_exceeded' });
    expect(use).not.toHaveBeenCalled();
  });

  it('has the members of its result withheld that contain an input or are not flat', async () => {
    class Payment {
      readonly reference = 'R-1';
      readonly promise = Promise.resolve(1);
      readonly buffer = Buffer.from(card.plaintext);
      readonly number = Number(card.plaintext);
      readonly masked = `card ${card.plaintext}`;
      readonly security = cvc.plaintext;
      readonly order = `order-${cvc.plaintext}-7`;
      readonly [card.plaintext] = 'as a name';
    }
    const { answer } = await invoke({ use: async () => new Payment() as never });
    expect(answer.data).toMatchObject({
      success: true,
      result: { reference: 'R-1', order: `order-${cvc.plaintext}-7` },
    });
    expect(Object.keys(answer.data.result)).toEqual(['reference', 'order']);
    expect(answer.data.withheld.toSorted()).toEqual(['*', 'buffer', 'masked', 'number', 'promise', 'security']);
    const whole = await invoke({ use: async () => card.plaintext as never });
    expect(whole.answer.data).toMatchObject({ success: true, result: {}, withheld: ['*'] });
  });

  it('cannot return more than Connect accepts', async () => {
    const { answer } = await invoke({ use: async () => ({ text: 'x'.repeat(40_000) }) });
    expect(answer).toMatchObject({ 'status-code': 500, code: 'answer_too_large' });
  });

  it('has its result under result_ in the flat form', async () => {
    const { answer } = await invoke({
      connect: connectSettings({ ANSWER: 'flat' }),
      use: async () => ({ reference: 'R-1', copy: card.plaintext }),
    });
    expect(answer).toMatchObject({ 'status-code': '200', result_reference: 'R-1', withheld: 'copy' });
  });

  it('is not called with consumers, with a field named result, or without a contact id', async () => {
    const use = vi.fn(async () => ({}));
    expect((await invoke({ use }, { ...inputs, consumer: 'ledger' })).answer).toMatchObject({ code: 'not_configured' });
    expect((await invoke({ use }, { result: card.ciphertext })).answer).toMatchObject({ code: 'invalid_request' });
    const event = { Details: { Parameters: inputs } };
    const handler = createHandler({ keyStore: testKeyStore, log: () => {}, use });
    expect(await handler(event, context)).toMatchObject({ code: 'invalid_request' });
    expect(use).not.toHaveBeenCalled();
    const told = createHandler({
      keyStore: testKeyStore,
      log: () => {},
      started: () => {},
      use,
      withoutContactId: true,
    });
    expect(await told(event, context)).toMatchObject({ 'status-code': 200 });
  });

  it('gets the same idempotency key for the same event, and another one for another attempt', async () => {
    const charged = new Map<string, number>();
    const use = async ({ idempotencyKey }: UseInput) => {
      charged.set(idempotencyKey, (charged.get(idempotencyKey) ?? 0) + 1);
      return {};
    };
    for (let invocation = 0; invocation < 3; invocation += 1)
      await invoke({ use }, { cvc: inputs.cvc, card: inputs.card });
    expect(Array.from(charged.values())).toEqual([3]);
    await invoke({ use }, { ...inputs, attempt: '2' });
    expect(charged.size).toBe(2);
  });
});

describe('CHECK', () => {
  const settings = connectSettings({ CHECK: 'card=card expiry=expiry cvc=digits:3-4', REVEAL: 'none' });
  const [key] = testKeys;

  async function checksOf(typed: Readonly<Record<string, string>>): Promise<unknown> {
    const entries = Object.entries(typed).map(async ([name, input]) => [name, await encryptedInput(input)] as const);
    const decryptor = createDecryptor({ keyStore: testKeyStore });
    const event = contactFlowEvent(Object.fromEntries(await Promise.all(entries)));
    const { answer } = await handleContactFlowEvent(event, { decryptor, requestId: 'request', settings });
    const { data } = answer as { data: { fields: Record<string, { check: string }> } };
    return Object.fromEntries(Object.entries(data.fields).map(([name, { check }]) => [name, check]));
  }

  function encryptedInput(input: string): Promise<string> {
    if (key === undefined) throw new Error('There is no test key.');
    return encrypted(input, key.keyId);
  }

  it.for([
    [
      { card: '4444444444444448', expiry: '1299', cvc: '123' },
      { card: 'valid', expiry: 'valid', cvc: 'valid' },
    ],
    [
      { card: '4444444444444444', expiry: '0120', cvc: '12' },
      { card: 'luhn', expiry: 'expired', cvc: 'length' },
    ],
    [
      { card: '4444', expiry: '1330', cvc: '12345' },
      { card: 'length', expiry: 'expired', cvc: 'length' },
    ],
    [
      { card: '44444444444444480', expiry: '12', cvc: '1*3' },
      { card: 'luhn', expiry: 'length', cvc: 'length' },
    ],
  ] as const)('returns what is wrong with each field: %o', async ([typed, checks]) => {
    expect(await checksOf(typed)).toEqual(checks);
  });

  it('prevents the use of the inputs when one fails', async () => {
    const use = vi.fn(async () => ({}));
    const connect = connectSettings({ CHECK: 'card=card' });
    const { answer } = await invoke({ use, connect });
    expect(use).not.toHaveBeenCalled();
    expect(answer).toMatchObject({
      code: 'check_failed',
      data: { message: 'Check failed', fields: { card: { check: 'luhn' } } },
    });
  });

  it.for(['card', 'card=visa', 'cvc=digits:4-3', '=card', 'cvc=digits:0'])('is refused at the start: %s', (CHECK) => {
    expect(() => connectSettings({ CHECK })).toThrow(/CHECK must list/);
  });

  it.for(['0', '9', '1.5', 'x'])('FLOW_TIME_LIMIT=%s is refused at startup', (limit) => {
    expect(() => connectSettings({ FLOW_TIME_LIMIT: limit })).toThrow(/FLOW_TIME_LIMIT must be/);
  });
});

it('The HTTP service and the function return byte-identical responses', async () => {
  const use = async () => ({ reference: 'R-1', copy: card.plaintext });
  const started = () => {};
  const authorization = { isDevelopment: true };
  const app = flowSecurityKeys({ keyStore: testKeyStore, authorization, use, started, log: () => {} });
  const event = contactFlowEvent(inputs);
  const response = await app.request('http://127.0.0.1/v1/connect', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(event),
  });
  const handler = createHandler({ keyStore: testKeyStore, log: () => {}, started, use });
  const awsRequestId = response.headers.get('x-request-id') ?? '';
  expect(await response.text()).toBe(JSON.stringify(await handler(event, { ...context, awsRequestId })));
});
