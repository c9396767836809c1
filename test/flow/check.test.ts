import { checkFlow, findingKinds, readFlow } from 'flow-security-keys/flow';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  block,
  blockOf,
  compare,
  type EditableFlow,
  flowOfTwoWays,
  insertBefore,
  keyId,
  successors,
} from '../support/flows.ts';
import {
  attributes,
  certificate,
  type Expected,
  logging,
  makeCertificates,
  plants,
  uploaded,
} from '../support/planted-faults.ts';

beforeAll(makeCertificates);

const sorted = (found: Expected) => found.map((entry) => entry.join(': ')).toSorted();

describe('checkFlow', () => {
  it('finds nothing in a flow without a fault', () => {
    expect(checkFlow(flowOfTwoWays(certificate), { uploaded })).toEqual({ findings: [], unknown: [], kept: [] });
  });

  const planted = Object.entries(plants).flatMap(([code, plant]) =>
    (['first', 'last'] as const).map((way) => [code, way, plant] as const),
  );
  it.for(planted)('finds only %s, planted on the %s path', ([, way, plant]) => {
    const flow = flowOfTwoWays(certificate);
    const expected = plant(flow, way);
    // Also after it is written to JSON and read back.
    const { findings } = checkFlow(readFlow(JSON.stringify(flow)), { uploaded });
    expect(sorted(findings.map(({ code, block: found }) => [code, found]))).toEqual(sorted(expected));
    for (const finding of findings) {
      expect(finding).toMatchObject(findingKinds[finding.code]);
      if (finding.way.length > 0)
        expect([finding.way[0], finding.way.at(-1)]).toEqual([flow.StartAction, finding.block]);
      for (const [index, next] of finding.way.slice(1).entries())
        expect(successors(blockOf(flow, finding.way[index] ?? ''))).toContain(next);
    }
    expect(JSON.stringify(findings)).not.toMatch(/BEGIN|MII/);
  });
});

describe('checkFlow on flows without faults', () => {
  const codesOf = (flow: EditableFlow) => checkFlow(flow, { uploaded }).findings.map(({ code }) => code);

  it('accepts a Timeout check of a copy of the input', () => {
    const flow = flowOfTwoWays(certificate);
    blockOf(flow, 'Typed first').Parameters['ComparisonValue'] = '$.Attributes.card';
    insertBefore(flow, 'Typed first', attributes('Keep', { card: '$.StoredCustomerInput' }));
    blockOf(flow, 'Decrypt first').Parameters['LambdaInvocationAttributes'] = {
      'key-id': keyId,
      card: '$.Attributes.card',
    };
    expect(codesOf(flow)).toEqual([]);
    expect(checkFlow(flow).kept).toEqual([{ attribute: 'card', block: 'Card first' }]);
  });

  it('does not report an attribute that is overwritten before the end', () => {
    const flow = flowOfTwoWays(certificate);
    insertBefore(flow, 'Decrypt first', attributes('Keep', { cvc: '$.StoredCustomerInput' }));
    expect(codesOf(flow)).toEqual(['security_code_kept']);
    insertBefore(flow, 'End', attributes('Forget', { cvc: '' }));
    blockOf(flow, 'Forget').Transitions.Errors = [];
    expect(checkFlow(flow, { uploaded })).toMatchObject({ findings: [], kept: [] });
  });

  it('accepts a result that is loaded after an asynchronous call', () => {
    const flow = flowOfTwoWays(certificate);
    blockOf(flow, 'Decrypt first').Parameters['InvocationType'] = 'ASYNCHRONOUS';
    blockOf(flow, 'Decrypt first').Parameters['InvocationTimeLimitSeconds'] = 60;
    const load = block('Load', 'LoadLambdaResult', { Invocation: '$.LambdaInvocation.InvocationId' });
    insertBefore(flow, 'Done first', load);
    insertBefore(flow, 'Load', block('Wait', 'Wait', { TimeLimitSeconds: '5' }));
    expect(codesOf(flow)).toEqual([]);
  });

  it('does not mix the states of two paths', () => {
    const flow = flowOfTwoWays(certificate);
    // Logging is on for callers who typed nothing, and who hear no plaintext.
    insertBefore(flow, 'Sorry', logging('Log', 'Enabled'));
    expect(codesOf(flow)).toEqual([]);
  });

  it('understands both recording blocks', () => {
    const flow = flowOfTwoWays(certificate);
    const on = { VoiceRecordingBehavior: { RecordedParticipants: [], IVRRecordingBehavior: 'Enabled' } };
    const required = { NoMatchingError: 'Sorry', ChannelMismatch: 'Sorry' };
    const type = 'UpdateContactRecordingAndAnalyticsBehavior';
    insertBefore(flow, 'Card first', block('Record', type, { VoiceBehavior: on }, 'End', required));
    expect(codesOf(flow)).toEqual(['recording_on']);
    const off = { VoiceRecordingBehavior: { RecordedParticipants: [], IVRRecordingBehavior: 'Disabled' } };
    insertBefore(flow, 'Card first', block('Stop', type, { VoiceBehavior: off }, 'End', required));
    expect(codesOf(flow)).toEqual([]);
  });

  it('accepts the flat answer with STRING_MAP, and the nested one with JSON', () => {
    const flow = flowOfTwoWays(certificate);
    blockOf(flow, 'Done first').Parameters['ComparisonValue'] = '$.External.success';
    expect(codesOf(flow)).toEqual(['answer_unknown']);
    blockOf(flow, 'Decrypt first').Parameters['ResponseValidation'] = { ResponseType: 'STRING_MAP' };
    expect(codesOf(flow)).toEqual([]);
  });

  it('reports an input that the end of buffering overwrites', () => {
    const flow = flowOfTwoWays(certificate);
    const stop = { EnableDTMFBuffer: 'False', StoreInput: 'True' };
    insertBefore(
      flow,
      'Decrypt first',
      block('Stop', 'GetParticipantInput', stop, 'End', { NoMatchingError: 'Sorry' }),
    );
    expect(codesOf(flow)).toEqual(['input_not_passed', 'input_overwritten']);
  });

  it('distinguishes the branches for Timeout and for errors', () => {
    const silent = flowOfTwoWays(certificate);
    for (const condition of blockOf(silent, 'Typed first').Transitions.Conditions)
      condition.NextAction = 'Decrypt first';
    expect(codesOf(silent)).toEqual(['timeout_not_checked']);
    const failing = flowOfTwoWays(certificate);
    for (const error of blockOf(failing, 'Decrypt first').Transitions.Errors) error.NextAction = 'Done first';
    expect(codesOf(failing)).toEqual(['answer_without_function']);
  });

  it('merges paths if there are too many to follow', () => {
    const flow = flowOfTwoWays(certificate);
    // Each of 20 attributes is set or not, which makes a million paths.
    for (let number = 0; number < 20; number += 1) {
      const [ask, keep] = [`Ask ${number}`, `Keep ${number}`];
      insertBefore(flow, 'Decrypt first', compare(ask, '$.Attributes.language', 'en', keep, 'Decrypt first'));
      flow.Actions.push(attributes(keep, { [`copy${number}`]: '$.StoredCustomerInput' }));
    }
    for (let number = 0; number < 20; number += 1) {
      const next = number === 19 ? 'Decrypt first' : `Ask ${number + 1}`;
      blockOf(flow, `Keep ${number}`).Transitions.NextAction = next;
      for (const error of blockOf(flow, `Ask ${number}`).Transitions.Errors) error.NextAction = next;
    }
    blockOf(flow, 'Decrypt last').Parameters['InvocationTimeLimitSeconds'] = 9;
    const { findings, unknown, kept } = checkFlow(flow, { uploaded });
    expect(findings.map(({ code }) => code)).toEqual(['lambda_limit']);
    expect(kept).toHaveLength(20);
    expect(unknown.map(({ message: found }) => found).join()).toMatch(/merges/);
  });

  it('ignores telephone numbers and menu digits', () => {
    const flow = flowOfTwoWays(certificate);
    const telephone = { StoreInput: 'True', InputValidation: { PhoneNumberValidation: { NumberFormat: 'E164' } } };
    const digit = { StoreInput: true, InputValidation: { CustomValidation: { MaximumLength: 1 } } };
    for (const [name, parameters] of Object.entries({ telephone, digit })) {
      insertBefore(flow, 'Menu', attributes(`Keep ${name}`, { [name]: '$.StoredCustomerInput' }));
      const input = block(name, 'GetParticipantInput', parameters, 'End', { NoMatchingError: 'Sorry' });
      insertBefore(flow, `Keep ${name}`, input);
    }
    expect(codesOf(flow)).toEqual([]);
  });

  it('lists values that a template or a call fills in as unknown', () => {
    const flow = flowOfTwoWays(certificate);
    blockOf(flow, 'Card first').Parameters['InputEncryption'] = {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: as templates write it
      EncryptionKeyId: '${KeyId}',
      Key: '$.Attributes.pem',
    };
    const { findings, unknown } = checkFlow(flow, { uploaded });
    expect(findings).toEqual([]);
    expect(unknown.map((entry) => entry.block)).toEqual(['Card first', 'Card first']);
  });
});
