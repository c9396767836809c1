import { connectSettings, UseError, type UseInput } from 'flow-security-keys';
import {
  type AnswerCase,
  type CallerAct,
  type CallParties,
  type CallTranscript,
  callFlow,
  type FlowDocument,
  type FlowField,
  type FlowForm,
  functionSettings,
  kindLengths,
  type WriteFlowOptions,
  writeFlow,
} from 'flow-security-keys/flow';
import { createHandler } from 'flow-security-keys/lambda';
import { pem, testKeyStore, testKeys } from '../recordings/recordings.ts';
import { encrypted } from './encrypted.ts';
import { functionArn } from './flows.ts';

const [key] = testKeys;
if (key === undefined) throw new Error('There is no test key.');
export const { keyId } = key;
export const certificate = pem('CERTIFICATE', key.certificate);

export const card = { name: 'card', kind: 'card', ...kindLengths.card } as const;
export const expiry = { name: 'expiry', kind: 'expiry', ...kindLengths.expiry } as const;
export const cvc = { name: 'cvc', kind: 'cvc', ...kindLengths.cvc } as const;
const account = { name: 'account', kind: 'account', min: 8, max: 8, confirm: 'last4' } as const;
const pin = { name: 'pin', kind: 'pin', ...kindLengths.pin } as const;
const digits = { name: 'my-secret-string', kind: 'digits', ...kindLengths.digits } as const;
const reference = { name: 'order-number', kind: 'digits', min: 6, max: 10, prompt: 'Your order number?' } as const;

export const declined: AnswerCase = { name: 'code', value: 'declined', message: 'Your card was declined.' };
const review: AnswerCase = { name: 'status', value: 'review', message: 'We will look at {reference}.' };

/** The options of the writer, with the values that the tests combine. */
const factors = {
  fields: [[card, expiry, cvc], [card], [{ ...card, confirm: 'last4' }, expiry], [account, pin], [digits], [reference]],
  form: [
    { kind: 'flow' },
    { kind: 'flow', goesTo: { queue: 'b7f3c2a1-9999-4333-8444-5555aaaa5555' } },
    { kind: 'flow', goesTo: { flow: 'b7f3c2a1-8888-4333-8444-5555aaaa5555' } },
    { kind: 'module' },
    { kind: 'agent' },
  ],
  attempts: [3, 1],
  recordAfter: [[], ['agent', 'customer', 'ivr'], ['agent']],
  logAfter: [false, true],
  clearBuffer: [false, true],
  language: [undefined, 'en-GB', 'de-DE', 'fr-FR', 'es-US'],
  voice: [undefined, 'Matthew'],
  terminator: ['#', '*'],
  cases: [[], [declined], [declined, review]],
  messages: [{}, { success: 'Your reference is {reference}.', silence: 'Hello?' }],
} as const;

type Factors = { -readonly [Name in keyof typeof factors]: (typeof factors)[Name][number] };
const names = Object.keys(factors) as (keyof Factors)[];

/** Combinations that include each pair of option values at least once. */
function pairwise(): readonly Factors[] {
  const pairs = new Set<string>();
  for (const [place, one] of names.entries())
    for (const other of names.slice(place + 1))
      for (const left of factors[one].keys())
        for (const right of factors[other].keys()) pairs.add(pairOf(one, left, other, right));
  const rows: Factors[] = [];
  while (pairs.size > 0) {
    const chosen = new Map<keyof Factors, number>();
    const [first = ''] = pairs;
    for (const [name, index] of JSON.parse(first)) chosen.set(name, index);
    for (const name of names.filter((each) => !chosen.has(each))) {
      const gains = factors[name].map(
        (_, index) => [...chosen].filter(([other, at]) => pairs.has(pairOf(name, index, other, at))).length,
      );
      chosen.set(name, gains.indexOf(Math.max(...gains)));
    }
    for (const [one, left] of chosen)
      for (const [other, right] of chosen) pairs.delete(pairOf(one, left, other, right));
    rows.push(Object.fromEntries(names.map((name) => [name, factors[name][chosen.get(name) ?? 0]])) as Factors);
  }
  return rows;
}

function pairOf(one: keyof Factors, left: number, other: keyof Factors, right: number): string {
  const pair = [
    [one, left],
    [other, right],
  ] as const;
  return JSON.stringify(names.indexOf(one) < names.indexOf(other) ? pair : pair.toReversed());
}

export interface Written {
  readonly name: string;
  readonly options: WriteFlowOptions & { readonly form: FlowForm };
  readonly flow: FlowDocument;
}

/** A flow for each combination, named by its options. */
export function writtenFlows(): readonly Written[] {
  return pairwise().map(({ language, voice, ...row }, index) =>
    writtenAs(`written-${index}-${row.form.kind}`, {
      ...row,
      ...(language !== undefined && { language }),
      ...(voice !== undefined && { voice }),
    }),
  );
}

export function writtenAs(name: string, changes: Partial<Written['options']>): Written {
  const options = {
    ...{ keyId, certificate, functionArn, name, fields: [card, expiry, cvc], form: { kind: 'flow' } as const },
    ...changes,
  };
  return { name, options, flow: writeFlow(options) };
}

/** Inputs that pass the checks. */
export const goodInputs: Readonly<Record<string, string>> = {
  card: '4111111111111111',
  expiry: '1249',
  cvc: '123',
  account: '12345678',
  pin: '4321',
  'my-secret-string': '4444',
  'order-number': '123456',
};

/** What the code of the function does with the inputs. */
export type Use = (input: UseInput) => Promise<Readonly<Record<string, string>>>;
export const charges: Use = async () => ({ reference: 'R-17', status: 'done' });
export const reviews: Use = async () => ({ reference: 'R-18', status: 'review' });
export const fails: Use = () => Promise.reject(new Error('no'));
export const declines: Use = () => Promise.reject(new UseError('declined'));

export interface WrittenCall extends CallTranscript {
  /** The parameters of each invocation. */
  readonly invoked: readonly Readonly<Record<string, string>>[];
}

// Reuses handlers, which cache their key, and ciphertexts, so that a call takes a few milliseconds.
const handlers = new Map<string, Map<Use, ReturnType<typeof createHandler>>>();

function handlerFor(fields: readonly FlowField[], use: Use): ReturnType<typeof createHandler> {
  const settings = functionSettings(fields);
  const id = JSON.stringify(settings);
  const known = handlers.get(id)?.get(use);
  if (known !== undefined) return known;
  const handler = createHandler({
    keyStore: testKeyStore,
    connect: connectSettings(settings),
    log: () => {},
    started: () => {},
    use,
    require: fields.map(({ name }) => name),
    codes: ['declined'],
  });
  handlers.set(id, (handlers.get(id) ?? new Map()).set(use, handler));
  return handler;
}

const ciphertexts = new Map<string, Promise<string>>();

function encryptedOnce(input: string, id: string): Promise<string> {
  const known = ciphertexts.get(`${id} ${input}`) ?? encrypted(input, id);
  ciphertexts.set(`${id} ${input}`, known);
  return known;
}

/**
 * Plays a call through a written flow with the product's handler and the settings that the writer prints.
 *
 * @param typed the inputs by field, in the order of its attempts. Default: valid ones
 */
export async function callWritten(
  { flow, options }: Pick<Written, 'flow' | 'options'>,
  typed: Readonly<Record<string, readonly string[]>> = {},
  {
    use = charges,
    confirms = [],
    ...changes
  }: Partial<CallParties> & { readonly use?: Use; readonly confirms?: readonly string[] } = {},
): Promise<WrittenCall> {
  const { fields } = options;
  const waiting = new Map(Object.entries(typed).map(([name, inputs]) => [name, [...inputs]]));
  const confirming = [...confirms];
  const invoked: Readonly<Record<string, string>>[] = [];
  const handler = handlerFor(fields, use);
  const transcript = await callFlow(flow, {
    pressKeys({ block }): CallerAct {
      const field = fields.find(({ name }: FlowField) => block === `Ask for ${name}`);
      if (field === undefined) return { keys: confirming.shift() ?? '1' };
      const keys = waiting.get(field.name)?.shift() ?? goodInputs[field.name] ?? '';
      return { keys: keys === '' ? '' : `${keys}${options.terminator ?? '#'}` };
    },
    encrypt: encryptedOnce,
    async invoke(event) {
      invoked.push(event.Details.Parameters);
      const context = { awsRequestId: crypto.randomUUID(), getRemainingTimeInMillis: () => 8_000 };
      return { answer: JSON.parse(JSON.stringify(await handler(event, context))), seconds: 0 };
    },
    ...changes,
  });
  return { ...transcript, invoked };
}
