import {
  type CallerAct,
  type CallParties,
  callFlow,
  checkFlow,
  type FunctionOutcome,
  readFlow,
} from 'flow-security-keys/flow';
import { describe, expect, it } from 'vitest';
import {
  block,
  blockOf,
  compare,
  type EditableFlow,
  flowOfTwoWays,
  functionArn,
  insertBefore,
  keyId,
} from '../support/flows.ts';
import { certificate } from '../support/planted-faults.ts';

const success = { 'status-code': 200, data: { success: true } };

/** A caller who presses these keys, and a function that answers `success`. `[…]` is an encrypted input. */
function parties(keys: readonly string[], changes: Partial<CallParties> = {}): CallParties {
  const waiting = [...keys];
  return {
    pressKeys: (): CallerAct => ({ keys: waiting.shift() ?? '' }),
    encrypt: async (input) => `AYAD[${input.split('').reverse().join('')}]`,
    invoke: async () => ({ answer: success, seconds: 0 }),
    ...changes,
  };
}
describe('callFlow', () => {
  it('takes keys typed ahead from the buffer, and loses them without a buffer', async () => {
    const flow = flowOfTwoWays(certificate);
    const plain = await callFlow(flow, parties(['1#99', '4444#']));
    const inputs: string[] = [];
    const encrypt = async (input: string) => {
      inputs.push(input);
      return 'AYAD';
    };
    const buffered = structuredClone(flow);
    insertBefore(buffered, 'Menu', block('Buffer', 'GetParticipantInput', { EnableDTMFBuffer: 'true' }, 'Menu'));
    expect(plain.end.kind).toBe('disconnected');
    await callFlow(buffered, parties(['1#99', '4444#'], { encrypt }));
    expect(inputs).toEqual(['994444']);
    expect(checkFlow(buffered).findings.map(({ code }) => code)).toContain('buffering_on');
  });

  it('stores the rest of the buffer when buffering stops, encrypted or not', async () => {
    const flow = flowOfTwoWays(certificate);
    insertBefore(flow, 'Menu', block('Buffer', 'GetParticipantInput', { EnableDTMFBuffer: true }, 'Menu'));
    const stop = block('Stop', 'GetParticipantInput', { EnableDTMFBuffer: false, StoreInput: true }, 'End');
    insertBefore(flow, 'Thanks first', stop);
    insertBefore(
      flow,
      'Thanks first',
      block('Keep', 'UpdateContactAttributes', { Attributes: { left: '$.StoredCustomerInput' } }, 'End'),
    );
    const { attributes } = await callFlow(flow, parties(['1', '4444#777']));
    expect(attributes).toEqual({ left: '777' });
  });

  it('loops as often as the block says', async () => {
    const flow: EditableFlow = {
      Version: '2019-10-30',
      StartAction: 'Loop',
      Actions: [
        block('Loop', 'Loop', { LoopCount: '2' }, 'End'),
        block('Again', 'MessageParticipant', { Text: 'Again.' }, 'Loop'),
        block('End', 'DisconnectParticipant', {}),
      ],
    };
    for (const [operand, next] of [
      ['ContinueLooping', 'Again'],
      ['DoneLooping', 'End'],
    ] as const)
      blockOf(flow, 'Loop').Transitions.Conditions.push({
        NextAction: next,
        Condition: { Operator: 'Equals', Operands: [operand] },
      });
    expect((await callFlow(flow, parties([]))).heard).toEqual(['Again.', 'Again.']);
    blockOf(flow, 'Again').Transitions.NextAction = 'Again';
    expect((await callFlow(flow, parties([]))).end.kind).toBe('endless');
  });

  it('reads the answer of an asynchronous function after it is loaded', async () => {
    const flow = flowOfTwoWays(certificate);
    blockOf(flow, 'Decrypt first').Parameters['InvocationType'] = 'ASYNCHRONOUS';
    expect((await callFlow(flow, parties(['1', '4444#']))).heard.at(-1)).toBe('Sorry.');
    insertBefore(flow, 'Done first', block('Load', 'LoadLambdaResult', { Invocation: '$.LambdaInvocation' }));
    expect((await callFlow(flow, parties(['1', '4444#']))).heard.at(-1)).toBe('Thanks first.');
  });

  it('takes the error branch when the function fails, is late, or returns what Connect rejects', async () => {
    const flow = flowOfTwoWays(certificate);
    const validated = structuredClone(flow);
    blockOf(validated, 'Decrypt first').Parameters['ResponseValidation'] = { ResponseType: 'STRING_MAP' };
    const outcomes: readonly (readonly [outcome: FunctionOutcome, said: string, called?: EditableFlow])[] = [
      [{ failure: 'it threw', isRetried: false, seconds: 1 }, 'invoked once: it threw'],
      [{ failure: 'Lambda throttled', isRetried: true, seconds: 1 }, 'invoked 3 times: Lambda throttled'],
      [{ answer: success, seconds: 60 }, 'invoked once: no answer within 8 seconds'],
      [{ answer: 'text', seconds: 0 }, 'invoked once: the response is not an object'],
      [{ answer: { text: 'x'.repeat(32_768) }, seconds: 0 }, 'invoked once: the response is 32 KB or larger'],
      [{ answer: success, seconds: 0 }, 'invoked once: STRING_MAP needs a flat object of strings', validated],
      [{ answer: { 'a b': 'c' }, seconds: 0 }, 'invoked once: STRING_MAP allows only letters', validated],
    ];
    for (const [outcome, said, called = flow] of outcomes) {
      const { steps, heard } = await callFlow(called, parties(['1', '4444#'], { invoke: async () => outcome }));
      const details = steps.flatMap((step) => step.details).filter((detail) => detail.startsWith('invoked'));
      expect(details).toEqual([expect.stringContaining(said)]);
      expect(heard.at(-1)).toBe('Sorry.');
    }
  });

  it('takes a branch of an unknown block only if it is chosen, and a forced branch anywhere', async () => {
    const flow = flowOfTwoWays(certificate);
    insertBefore(flow, 'Menu', block('Unknown', 'ShowView', {}, 'Menu', { NoMatchingError: 'Sorry' }));
    const heardWith = async (changes: Partial<CallParties>) => {
      const { end, heard } = await callFlow(flow, parties(['1', '4444#'], changes));
      return [end.kind, heard.at(-1)];
    };
    expect(await heardWith({})).toEqual(['undecided', undefined]);
    expect(await heardWith({ chooseBranch: () => 'NoMatchingError' })).toEqual(['disconnected', 'Sorry.']);
    expect(await heardWith({ chooseBranch: () => 'Success' })).toEqual(['disconnected', 'Thanks first.']);
    expect(await heardWith({ chooseBranch: () => 'Nowhere' })).toEqual(['undecided', undefined]);
    const forcedBranch = (name: string) => (name === 'Unknown' ? 'NoMatchingError' : undefined);
    expect(await heardWith({ forcedBranch })).toEqual(['disconnected', 'Sorry.']);
  });

  it('ends when the caller hangs up', async () => {
    const { end } = await callFlow(flowOfTwoWays(certificate), parties([], { pressKeys: () => 'hang-up' }));
    expect(end).toMatchObject({ kind: 'hung-up', block: 'Menu' });
  });

  it('compares with each operator, case-sensitively', async () => {
    const outcomes: readonly (readonly [operator: string, operand: string, value: string, isMet: boolean])[] = [
      ['Equals', 'true', 'true', true],
      ['Equals', 'True', 'true', false],
      ['TextStartsWith', 'AY', 'AYAD', true],
      ['TextEndsWith', 'AD', 'AYAD', true],
      ['TextContains', 'YA', 'AYAD', true],
      ['TextContains', 'ya', 'AYAD', false],
      ['NumberGreaterThan', '5', '6', true],
      ['NumberGreaterThan', '5', '5', false],
      ['NumberGreaterOrEqualTo', '5', '5', true],
      ['NumberLessThan', '5', '5', false],
      ['NumberLessOrEqualTo', '5', '5', true],
    ];
    for (const [operator, operand, value, isMet] of outcomes) {
      const asked = compare('Ask', '$.Attributes.value', operand, 'Met', 'Unmet');
      for (const { Condition } of asked.Transitions.Conditions) Condition.Operator = operator;
      const flow: EditableFlow = {
        Version: '2019-10-30',
        StartAction: 'Set',
        Actions: [
          block('Set', 'UpdateContactAttributes', { Attributes: { value } }, 'Ask'),
          asked,
          block('Met', 'EndFlowExecution', {}),
          block('Unmet', 'EndFlowExecution', {}),
        ],
      };
      expect([operator, (await callFlow(flow, parties([]))).end.block]).toEqual([operator, isMet ? 'Met' : 'Unmet']);
    }
  });

  it('never shows an input in a transcript', async () => {
    const flow = flowOfTwoWays(certificate);
    insertBefore(flow, 'Card first', block('Log', 'UpdateFlowLoggingBehavior', { FlowLoggingBehavior: 'Enabled' }));
    const leak = {
      Attributes: { card: '$.External.data.decryptedData', text: 'It is $.External.data.decryptedData!' },
    };
    insertBefore(flow, 'Thanks first', block('Leak', 'UpdateContactAttributes', leak, 'End'));
    const answer = { data: { success: true, decryptedData: '4929129182731646' } };
    const transcript = await callFlow(
      flow,
      parties(['1', '4929129182731646#'], { invoke: async () => ({ answer, seconds: 0 }) }),
    );
    expect(JSON.stringify(transcript)).not.toContain('4929129182731646');
    expect(transcript.attributes).toEqual({ card: '[input of "Card first"]', text: 'It is [input of "Card first"]!' });
  });

  it('shows a UUID unchanged even if it contains the digits of an input', async () => {
    const flow = flowOfTwoWays(certificate);
    const requestId = '3f6cb0a4-1d5e-4c0b-9a77-1230ab1ec2a8';
    const answer = { data: { success: true, requestId, near: '4929', beside: '*123', code: '123' } };
    const { steps } = await callFlow(flow, parties(['1', '123#'], { invoke: async () => ({ answer, seconds: 0 }) }));
    const [shown] = steps.flatMap(({ details }) => details.filter((detail) => detail.includes('answered')));
    expect(shown).toContain(`"requestId":"${requestId}"`);
    expect(shown).toContain('"beside":"*[input of "Card first"]","code":"[input of "Card first"]"');
  });
});

describe('readFlow with the former language', () => {
  const parameters = (values: Readonly<Record<string, unknown>>) =>
    Object.entries(values).map(([name, value]) => ({ name, value }));
  const branches = (to: Readonly<Record<string, string>>) =>
    Object.entries(to).map(([condition, transition]) => ({ condition, transition }));
  const flow = (seconds: string) => ({
    modules: [
      {
        id: 'log',
        type: 'SetLoggingBehavior',
        parameters: parameters({ LoggingBehavior: 'Disable' }),
        branches: branches({ Success: 'card' }),
      },
      {
        id: 'card',
        type: 'StoreUserInput',
        parameters: parameters({
          ...{ Text: 'Your card?', CustomerInputType: 'Custom', Timeout: '5', MaxDigits: 20 },
          ...{ EncryptEntry: true, EncryptionKeyId: keyId, EncryptionKey: certificate },
        }),
        branches: branches({ Success: 'typed', Error: 'end' }),
      },
      {
        id: 'typed',
        type: 'CheckAttribute',
        parameters: parameters({ Namespace: 'System', Attribute: 'Stored customer input' }),
        branches: [
          { condition: 'Evaluate', conditionType: 'Equals', conditionValue: 'Timeout', transition: 'end' },
          { condition: 'NoMatch', transition: 'decrypt' },
        ],
      },
      {
        id: 'decrypt',
        type: 'InvokeExternalResource',
        parameters: [
          ...parameters({ FunctionArn: functionArn, TimeLimit: seconds }),
          { name: 'Parameter', key: 'card', value: 'Stored customer input', namespace: 'System' },
          { name: 'Parameter', key: 'key-id', value: keyId, namespace: null },
        ],
        branches: branches({ Success: 'done', Error: 'end' }),
      },
      {
        id: 'done',
        type: 'CheckAttribute',
        parameters: parameters({ Namespace: 'External', Attribute: 'success' }),
        branches: [
          { condition: 'Evaluate', conditionType: 'Equals', conditionValue: 'true', transition: 'end' },
          { condition: 'NoMatch', transition: 'end' },
        ],
      },
      { id: 'end', type: 'Disconnect', parameters: [], branches: [] },
    ],
    start: 'log',
    version: '1',
  });

  it('yields the same findings', () => {
    expect(checkFlow(readFlow(flow('8'))).findings).toEqual([]);
    expect(checkFlow(readFlow(flow('9'))).findings).toMatchObject([{ code: 'lambda_limit', block: 'decrypt' }]);
    expect(checkFlow(readFlow(flow('8'))).unknown[0]?.message).toMatch(/former flow language/);
  });

  it('plays a call through it', async () => {
    const transcript = await callFlow(
      readFlow(flow('8')),
      parties(['4444#'], { invoke: async () => ({ answer: { success: 'true' }, seconds: 1 }) }),
    );
    expect(transcript.steps.map((step) => step.block)).toEqual(['log', 'card', 'typed', 'decrypt', 'done', 'end']);
  });
});
