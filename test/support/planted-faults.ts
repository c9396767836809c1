import type { FindingCode } from 'flow-security-keys/flow';
import { pem, testKeys } from '../recordings/recordings.ts';
import { certificateOf, publicKeyOf } from './certificates.ts';
import {
  type Block,
  block,
  blockOf,
  compare,
  type EditableFlow,
  encryptedInput,
  insertBefore,
  keyId,
  lambda,
  message,
  redirect,
} from './flows.ts';

const [key] = testKeys;
if (key === undefined) throw new Error('There is no test key.');
export const certificate = pem('CERTIFICATE', key.certificate);
const publicPem = publicKeyOf(certificate);
const unheldKeyId = 'aaaaaaaa-2222-4333-8444-5555aaaa5555';
const certificates = { expired: '', expiring: '', future: '', other: '' };
/** Call this before planting faults. */
export async function makeCertificates(): Promise<void> {
  certificates.expired = await certificateOf(-20, -1);
  certificates.expiring = await certificateOf(-20, 10);
  certificates.future = await certificateOf(2, 100);
  certificates.other = await certificateOf(-1, 300);
}
export const uploaded = {
  has: (id: string) => id === keyId,
  signed: (_: string, text: string) => text !== certificates.other,
};

export type Way = 'first' | 'last';
export type Expected = readonly (readonly [code: FindingCode, block: string])[];
type Plant = (flow: EditableFlow, way: Way) => Expected;

/** A fault in a parameter of one block. */
const inBlock =
  (code: FindingCode, name: string, change: (changed: Block) => void): Plant =>
  (flow, way) => {
    change(blockOf(flow, `${name} ${way}`));
    return [[code, `${name} ${way}`]];
  };
const inInput = (code: FindingCode, change: (parameters: Record<string, unknown>) => void) =>
  inBlock(code, 'Card', ({ Parameters }) => change(Parameters));
const withCertificate = (code: FindingCode, text: () => string) =>
  inInput(code, (parameters) => {
    parameters['InputEncryption'] = { EncryptionKeyId: keyId, Key: text() };
  });
/** A fault caused by a block that is inserted before another. */
const byBlock =
  (before: string, added: (way: Way) => Block, expected: (way: Way) => Expected): Plant =>
  (flow, way) => {
    insertBefore(flow, `${before} ${way}`, added(way));
    return expected(way);
  };
const afterDecryption = (code: FindingCode, added: (way: Way) => Block): Plant =>
  byBlock('Thanks', added, (way) => [[code, added(way).Identifier]]);

const plaintext = '$.External.data.decryptedData';
export const attributes = (name: string, values: Record<string, string>) =>
  block(name, 'UpdateContactAttributes', { Attributes: values, TargetContact: 'Current' }, 'End', {
    NoMatchingError: 'Sorry',
  });
const recording = (name: string, behavior: Record<string, unknown>) =>
  block(name, 'UpdateContactRecordingBehavior', { RecordingBehavior: behavior }, 'End', { NoMatchingError: 'Sorry' });
const buffer = (name: string, parameters: Record<string, unknown>) =>
  block(name, 'GetParticipantInput', parameters, 'End', { NoMatchingError: 'Sorry' });
export const logging = (name: string, behavior: string) =>
  block(name, 'UpdateFlowLoggingBehavior', { FlowLoggingBehavior: behavior }, 'End');

/** A fault for each finding, to plant on one of the two paths of a flow. */
export const plants: Readonly<Record<FindingCode, Plant>> = {
  stored_unencrypted: inInput('stored_unencrypted', (parameters) => delete parameters['InputEncryption']),
  encryption_not_stored: inInput('encryption_not_stored', (parameters) => {
    parameters['StoreInput'] = false;
  }),
  encryption_incomplete: inInput('encryption_incomplete', (parameters) => {
    parameters['InputEncryption'] = { EncryptionKeyId: keyId };
  }),
  telephone_encrypted: inInput('telephone_encrypted', (parameters) => {
    parameters['InputValidation'] = { PhoneNumberValidation: { NumberFormat: 'E164' } };
  }),
  validation_missing: inInput('validation_missing', (parameters) => delete parameters['InputValidation']),
  key_id_empty: inInput('key_id_empty', (parameters) => {
    parameters['InputEncryption'] = { EncryptionKeyId: '', Key: certificate };
  }),
  key_id_placeholder: inInput('key_id_placeholder', (parameters) => {
    parameters['InputEncryption'] = { EncryptionKeyId: 'your-key-id', Key: certificate };
  }),
  unknown_key_id(flow, way) {
    blockOf(flow, `Card ${way}`).Parameters['InputEncryption'] = { EncryptionKeyId: unheldKeyId, Key: certificate };
    const parameters = { 'key-id': unheldKeyId, card: '$.StoredCustomerInput' };
    blockOf(flow, `Decrypt ${way}`).Parameters['LambdaInvocationAttributes'] = parameters;
    return [['unknown_key_id', `Card ${way}`]];
  },
  private_key_in_flow: withCertificate(
    'private_key_in_flow',
    () => `${certificate}\n${pem('PRIVATE KEY', key.privateKeyPkcs8)}`,
  ),
  public_key_in_flow: withCertificate('public_key_in_flow', () => publicPem),
  certificate_unreadable: withCertificate('certificate_unreadable', () => certificate.slice(0, 300)),
  certificate_expired: withCertificate('certificate_expired', () => certificates.expired),
  certificate_expiring: withCertificate('certificate_expiring', () => certificates.expiring),
  certificate_not_yet_valid: withCertificate('certificate_not_yet_valid', () => certificates.future),
  certificate_mismatch: withCertificate('certificate_mismatch', () => certificates.other),
  prompt_count: inInput('prompt_count', (parameters) => {
    parameters['SSML'] = '<speak>Card?</speak>';
  }),
  input_limit: inInput('input_limit', (parameters) => {
    parameters['InputTimeLimitSeconds'] = 181;
  }),
  conditions_ignored: inBlock('conditions_ignored', 'Card', ({ Transitions }) => {
    Transitions.Conditions.push({ NextAction: 'Sorry', Condition: { Operator: 'Equals', Operands: ['1'] } });
  }),

  recording_on: byBlock(
    'Card',
    (way) => recording(`Record ${way}`, { RecordedParticipants: [], IVRRecordingBehavior: 'Enabled' }),
    (way) => [['recording_on', `Card ${way}`]],
  ),
  call_recording_on: byBlock(
    'Card',
    (way) => recording(`Record ${way}`, { RecordedParticipants: ['Agent', 'Customer'] }),
    (way) => [['call_recording_on', `Card ${way}`]],
  ),
  agent_recording_on(flow, way) {
    const held = { PreviousContactParticipantState: 'AgentOnHold' };
    const hold = block(`Hold ${way}`, 'UpdatePreviousContactParticipantState', held, 'End', {
      NoMatchingError: 'Sorry',
    });
    insertBefore(flow, `Card ${way}`, recording(`Record ${way}`, { RecordedParticipants: ['Agent', 'Customer'] }));
    insertBefore(flow, `Card ${way}`, hold);
    // If the agent cannot be put on hold, the caller hears a message.
    return [['agent_recording_on', `Card ${way}`]];
  },
  logging_on: byBlock(
    'Decrypt',
    (way) => logging(`Log ${way}`, 'Enabled'),
    (way) => [['logging_on', `Decrypt ${way}`]],
  ),
  logging_unknown: byBlock(
    'Card',
    (way) => block(`Module ${way}`, 'InvokeFlowModule', { FlowModuleId: 'm' }, 'End', { NoMatchingError: 'Sorry' }),
    (way) => [['logging_unknown', `Card ${way}`]],
  ),
  plaintext_logged(flow, way) {
    insertBefore(flow, `Thanks ${way}`, logging(`Log ${way}`, 'Enabled'));
    insertBefore(flow, `Thanks ${way}`, compare(`Look ${way}`, plaintext, '4', `Thanks ${way}`, `Thanks ${way}`));
    return [['plaintext_logged', `Look ${way}`]];
  },

  buffering_on: byBlock(
    'Card',
    (way) => buffer(`Buffer ${way}`, { EnableDTMFBuffer: 'true' }),
    (way) => [['buffering_on', `Card ${way}`]],
  ),
  buffer_stored_unencrypted(flow, way) {
    insertBefore(flow, `Thanks ${way}`, buffer(`Buffer ${way}`, { EnableDTMFBuffer: true }));
    insertBefore(flow, `Thanks ${way}`, buffer(`Clear ${way}`, { EnableDTMFBuffer: false, StoreInput: true }));
    return [['buffer_stored_unencrypted', `Clear ${way}`]];
  },
  surplus_digits(flow, way) {
    const telephone = { StoreInput: 'True', InputValidation: { PhoneNumberValidation: { NumberFormat: 'E164' } } };
    insertBefore(flow, `Thanks ${way}`, buffer(`Buffer ${way}`, { EnableDTMFBuffer: 'true' }));
    insertBefore(flow, `Thanks ${way}`, buffer(`Telephone ${way}`, telephone));
    return [['surplus_digits', `Telephone ${way}`]];
  },

  input_kept(flow, way) {
    const parameters = { StoreInput: 'True', InputValidation: { CustomValidation: { MaximumLength: 5 } } };
    insertBefore(flow, `Thanks ${way}`, buffer(`Postcode ${way}`, parameters));
    insertBefore(flow, `Thanks ${way}`, attributes(`Keep ${way}`, { postcode: '$.StoredCustomerInput' }));
    return [
      ['stored_unencrypted', `Postcode ${way}`],
      ['input_kept', `Keep ${way}`],
    ];
  },
  plaintext_kept: afterDecryption('plaintext_kept', (way) => attributes(`Keep ${way}`, { card: plaintext })),
  plaintext_in_flow_attribute: afterDecryption('plaintext_in_flow_attribute', (way) =>
    block(
      `Keep ${way}`,
      'UpdateFlowAttributes',
      { FlowAttributes: { card: { Type: 'String', Value: plaintext } } },
      'End',
      { NoMatchingError: 'Sorry' },
    ),
  ),
  plaintext_spoken: afterDecryption('plaintext_spoken', (way) =>
    block(`Say ${way}`, 'MessageParticipant', { Text: `Your card is ${plaintext}.` }, 'End'),
  ),
  ciphertext_spoken: afterDecryption('ciphertext_spoken', (way) =>
    block(`Say ${way}`, 'MessageParticipant', { Text: 'Your card is $.StoredCustomerInput' }, 'End'),
  ),
  plaintext_to_function: afterDecryption('plaintext_to_function', (way) =>
    lambda(`Charge ${way}`, { card: plaintext }, 'End'),
  ),
  plaintext_passed: afterDecryption('plaintext_passed', (way) =>
    block(`Show ${way}`, 'ShowView', { ViewData: { card: plaintext } }, 'End', { NoMatchingError: 'Sorry' }),
  ),
  security_code_kept: byBlock(
    'Thanks',
    (way) => attributes(`Keep ${way}`, { cvc: '$.StoredCustomerInput' }),
    (way) => [['security_code_kept', `Card ${way}`]],
  ),

  key_id_differs: inBlock('key_id_differs', 'Decrypt', ({ Parameters }) => {
    Parameters['LambdaInvocationAttributes'] = { 'key-id': unheldKeyId, card: '$.StoredCustomerInput' };
  }),
  input_not_passed(flow, way) {
    blockOf(flow, `Decrypt ${way}`).Parameters['LambdaInvocationAttributes'] = { 'key-id': keyId };
    return [['input_not_passed', `Card ${way}`]];
  },
  input_overwritten(flow, way) {
    insertBefore(
      flow,
      `Decrypt ${way}`,
      compare(`Again ${way}`, '$.StoredCustomerInput', 'Timeout', 'Sorry', `Decrypt ${way}`),
    );
    insertBefore(flow, `Again ${way}`, encryptedInput(`Expiry ${way}`, certificate, `Again ${way}`));
    return [
      ['input_not_passed', `Card ${way}`],
      ['input_overwritten', `Expiry ${way}`],
    ];
  },
  timeout_not_checked(flow, way) {
    const [condition] = blockOf(flow, `Typed ${way}`).Transitions.Conditions;
    if (condition) condition.Condition.Operands = ['None'];
    return [['timeout_not_checked', `Decrypt ${way}`]];
  },
  string_map_nested: inBlock('string_map_nested', 'Decrypt', ({ Parameters }) => {
    Parameters['ResponseValidation'] = { ResponseType: 'STRING_MAP' };
  }),
  response_validation_missing: inBlock(
    'response_validation_missing',
    'Decrypt',
    ({ Parameters }) => delete Parameters['ResponseValidation'],
  ),
  asynchronous_answer(flow, way) {
    blockOf(flow, `Decrypt ${way}`).Parameters['InvocationType'] = 'ASYNCHRONOUS';
    return [['asynchronous_answer', `Done ${way}`]];
  },
  answer_without_function: byBlock(
    'Card',
    (way) => compare(`Look ${way}`, '$.External.data.success', 'true', 'Sorry', 'End'),
    (way) => [['answer_without_function', `Look ${way}`]],
  ),
  comparison_never_true: inBlock('comparison_never_true', 'Done', ({ Transitions }) => {
    for (const { Condition } of Transitions.Conditions) Condition.Operands = ['yes'];
  }),
  answer_unknown: afterDecryption('answer_unknown', (way) =>
    compare(`Look ${way}`, '$.External.statusCode', '200', 'Sorry', 'Sorry'),
  ),
  answer_not_compared(flow, way) {
    blockOf(flow, `Done ${way}`).Parameters['ComparisonValue'] = '$.Attributes.language';
    return [['answer_not_compared', `Decrypt ${way}`]];
  },
  lambda_limit: inBlock('lambda_limit', 'Decrypt', ({ Parameters }) => {
    Parameters['InvocationTimeLimitSeconds'] = 9;
  }),
  functions_too_long(flow, way) {
    insertBefore(flow, `Thanks ${way}`, lambda(`Second ${way}`, {}, 'End'));
    insertBefore(flow, `Thanks ${way}`, lambda(`Third ${way}`, {}, 'End'));
    return [['functions_too_long', `Third ${way}`]];
  },

  lambda_without_error_branch: inBlock('lambda_without_error_branch', 'Decrypt', ({ Transitions }) => {
    Transitions.Errors = [];
  }),
  error_branch_missing: inBlock('error_branch_missing', 'Card', ({ Transitions }) => {
    Transitions.Errors = [];
  }),
  next_block_missing: inBlock('next_block_missing', 'Thanks', ({ Transitions }) => delete Transitions.NextAction),
  dangling_branch: inBlock('dangling_branch', 'Thanks', ({ Transitions }) => {
    Transitions.NextAction = 'Nowhere';
  }),
  start_missing(flow) {
    flow.StartAction = 'Nowhere';
    return [['start_missing', 'Nowhere'], ...flow.Actions.map(unreachable)];
  },
  identifier_invalid(flow, way) {
    const renamed = blockOf(flow, `Thanks ${way}`);
    renamed.Identifier = `Thanks (${way})`;
    redirect(flow, `Thanks ${way}`, renamed.Identifier);
    return [['identifier_invalid', renamed.Identifier]];
  },
  too_many_blocks(flow) {
    for (let count = 0; count < 250; count += 1) flow.Actions.push(message(`More ${count}`));
    return [['too_many_blocks', flow.StartAction], ...flow.Actions.slice(-250).map(unreachable)];
  },
  unreachable_block(flow, way) {
    flow.Actions.push(message(`Alone ${way}`));
    return [['unreachable_block', `Alone ${way}`]];
  },
};

function unreachable({ Identifier }: Block): readonly [FindingCode, string] {
  return ['unreachable_block', Identifier];
}
