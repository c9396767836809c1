import { checkFlow, compareSettings, functionSettings, readFlow } from 'flow-security-keys/flow';
import { describe, expect, it } from 'vitest';
import {
  callWritten,
  card,
  cvc,
  declined,
  declines,
  expiry,
  goodInputs,
  type Written,
  writtenAs,
  writtenFlows,
} from '../support/written.ts';

const written = writtenFlows();
const flowWith = (fits: (options: Written['options']) => boolean): Written => {
  const found = written.find(({ options }) => fits(options));
  if (found === undefined) throw new Error('No written flow is such.');
  return found;
};
const asksForAll = ({ fields }: Written['options']) =>
  [card, expiry, cvc].every(({ name }) => fields.some((field) => field.name === name));

describe('A written flow', () => {
  it('covers each pair of option values', () => {
    expect(written.length).toBeGreaterThan(20);
    expect(written.length).toBeLessThan(80);
  });

  it.for(written)('$name has no findings and fits the settings that the writer prints', ({ flow, options }) => {
    const read = readFlow(JSON.stringify(flow));
    expect(checkFlow(read, { uploaded: { has: () => true, signed: () => true } })).toEqual({
      findings: [],
      unknown: [],
      kept: [],
    });
    expect(compareSettings(flow, functionSettings(options.fields))).toEqual([]);
    expect(flow.Actions.length).toBeLessThanOrEqual(250);
    expect(JSON.stringify(flow).length).toBeLessThan(256_000);
  });

  it('charges a valid card, and says the outcome', async () => {
    const flow = flowWith((options) => asksForAll(options) && options.messages?.success !== undefined);
    const { heard, invoked, attributes } = await callWritten(flow);
    expect(heard.at(-1)).toBe('Your reference is R-17.');
    expect(Object.keys(invoked.at(-1) ?? {}).toSorted()).toEqual(['card', 'cvc', 'expiry', 'key-id']);
    expect(invoked.slice(0, -1).map((parameters) => parameters['check-only'])).toEqual(['true', 'true', 'true']);
    expect(JSON.stringify([heard, attributes])).not.toContain(goodInputs['card']);
  });

  it('asks again after silence and after a mistyped card, and says why', async () => {
    const flow = flowWith((options) => asksForAll(options) && options.language === undefined && options.attempts === 3);
    const again = await callWritten(flow, { card: ['', '4111111111111112'], expiry: ['0120'] });
    expect(again.heard.filter((said) => !said.startsWith('Please enter'))).toEqual([
      flow.options.messages?.silence ?? 'We did not receive any digits.',
      'That is not a valid card number.',
      'That date is not valid, or it is in the past.',
      expect.any(String),
    ]);
    const silent = await callWritten(flow, { cvc: ['', '', ''] });
    expect(silent.heard.at(-1)).toBe('We did not receive the information we need.');
    expect(silent.invoked.every((parameters) => parameters['check-only'] === 'true')).toBe(true);
  });

  it('says that a card was declined, and after a timeout that the outcome is unknown', async () => {
    const flow = flowWith(({ cases, language }) => cases?.includes(declined) === true && language === undefined);
    expect((await callWritten(flow, {}, { use: declines })).heard.at(-1)).toBe(declined.message);
    const late = await callWritten(flow, {}, { forcedBranch: (block) => (block === 'Decrypt' ? 'Error' : undefined) });
    expect(late.heard.at(-1)).toMatch(/we cannot tell/);
  });

  it('continues with the outcome in an attribute, and with recording and logging as requested', async () => {
    const flow = writtenAs('agent', {
      form: { kind: 'agent' },
      recordAfter: ['agent', 'customer', 'ivr'],
      logAfter: true,
    });
    const { attributes, steps } = await callWritten(flow);
    expect(attributes).toEqual({ secure_input: 'success' });
    const blocks = steps.map(({ block }) => block);
    expect(blocks.slice(-4)).toEqual(['Recording on', 'Logging on', 'Conference', 'Disconnect']);
    expect(blocks.indexOf('Agent on hold')).toBeLessThan(blocks.findIndex((block) => block.startsWith('Ask for')));
    const silent = await callWritten(flow, { card: ['', '', ''] });
    expect(silent.attributes).toEqual({ secure_input: 'no_input' });
    expect(silent.steps.at(-2)?.block).toBe('Conference');
  });

  it('says only the last four digits, and lets the caller type the number again', async () => {
    const flow = flowWith(({ fields }) => fields.some(({ confirm }) => confirm !== undefined));
    const [{ name = '' } = {}] = flow.options.fields;
    const { heard, invoked } = await callWritten(flow, {}, { confirms: ['2', '1'] });
    const input = goodInputs[name] ?? '';
    const spoken = heard.filter((said) => said.includes(input.slice(-4)));
    expect(spoken).toHaveLength(2);
    expect(heard.join()).not.toContain(input.slice(-5));
    expect(invoked.filter((parameters) => name in parameters)).toHaveLength(3);
  });

  it('draws a successful call in a row, and no two blocks in one place', () => {
    for (const { flow } of written) {
      const metadata = flow.Metadata?.['ActionMetadata'] as Record<
        string,
        { readonly position: { x: number; y: number } }
      >;
      const places = Object.values(metadata).map(({ position }) => JSON.stringify(position));
      expect(new Set(places).size).toBe(flow.Actions.length);
    }
  });

  it('keeps a successful call in that row', async () => {
    for (const each of written.slice(0, 12)) {
      const metadata = each.flow.Metadata?.['ActionMetadata'] as Record<
        string,
        { readonly position: { x: number; y: number } }
      >;
      const { steps } = await callWritten(each);
      const positions = steps.map(({ block }) => metadata[block]?.position ?? { x: 0, y: -1 });
      // A continuing call ends in a lower row only after a failed transfer.
      expect(positions.filter(({ y }) => y !== 0)).toEqual([]);
      expect(positions.map(({ x }) => x)).toEqual(positions.map(({ x }) => x).toSorted((one, other) => one - other));
    }
  });
});

describe('compareSettings', () => {
  const { flow } = flowWith(asksForAll);
  const confirming = flowWith(({ fields }) =>
    fields.some(({ name, confirm }) => name === 'card' && confirm === 'last4'),
  );
  const settings = functionSettings([card, expiry, cvc]);

  it.for([
    ['FIELDS', { ...settings, FIELDS: 'card expiry' }],
    ['FIELDS', { ...settings, FIELDS: 'card expiry cvc pin' }],
    ['CHECK', { ...settings, CHECK: 'card=card expiry=expiry' }],
    ['ANSWER', { ...settings, ANSWER: 'flat' }],
    ['CONSUMER', { ...settings, CONSUMER: 'required' }],
  ] as const)('finds %s that does not fit', ([setting, environment]) => {
    const found = compareSettings(flow, environment);
    expect(new Set(found.map((fault) => fault.setting))).toEqual(new Set([setting]));
    for (const { fix, message, block } of found) {
      expect([fix, message, block].every((text) => text.length > 0)).toBe(true);
      expect(message).not.toMatch(/\.$/);
    }
  });

  it('reports a function that waits longer than the flow, or that requires a key id', () => {
    const changed = structuredClone(flow);
    for (const { Type, Parameters } of changed.Actions)
      if (Type === 'InvokeLambdaFunction')
        Object.assign(Parameters, {
          InvocationTimeLimitSeconds: '5',
          LambdaInvocationAttributes: { card: '$.FlowAttributes.card', 'check-only': 'true' },
        });
    const found = compareSettings(changed, { ...settings, KEY_ID: 'required' }).map(({ setting }) => setting);
    expect(new Set(found)).toEqual(new Set(['FLOW_TIME_LIMIT', 'KEY_ID']));
  });

  it('reports that the function does not show the last four digits', () => {
    const needed = functionSettings(confirming.options.fields);
    expect(compareSettings(confirming.flow, { ...needed, REVEAL: 'none' })).toMatchObject([
      { setting: 'REVEAL', block: 'Confirm card', fix: 'Set REVEAL="none card=last4"' },
    ]);
    expect(compareSettings(confirming.flow, { ...needed, REVEAL: 'full' })).toHaveLength(1);
  });

  it('compares only the blocks that invoke the function', () => {
    expect(compareSettings(flow, { FIELDS: 'other' }, () => false)).toEqual([]);
  });
});
