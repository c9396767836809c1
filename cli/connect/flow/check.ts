import type { KeyObject } from 'node:crypto';
import { holdsPrivateKey } from '../../../src/internal.ts';
import { ageOf, daysLeftOf, readCertificate } from '../../keys/certificate.ts';
import { isSameKey } from '../../keys/key-pair.ts';
import { type FlowAction, type FlowDocument, nextActions, textParameter } from './language.ts';

/** What is wrong with a flow, and with which of its blocks. */
export interface FlowFinding {
  readonly code: FlowFault;
  /** The action's identifier. */
  readonly action: string;
  /** What it is, and what to do. */
  readonly message: string;
}

export type FlowFault =
  | 'stored_unencrypted'
  | 'private_key_in_flow'
  | 'certificate_unreadable'
  | 'certificate_expired'
  | 'certificate_expiring'
  | 'certificate_not_yet_valid'
  | 'certificate_mismatch'
  | 'unknown_key_id'
  | 'logging_on'
  | 'lambda_limit'
  | 'lambda_without_error_branch'
  | 'timeout_not_checked'
  | 'plaintext_used'
  | 'dangling_branch';

/** Connect's security keys, by key id. */
export type UploadedKeys = ReadonlyMap<string, KeyObject>;

const longestFunctionSeconds = 8;
const storedInput = '$.StoredCustomerInput';

/**
 * Looks for what leaks an input, loses it, or makes calls fail.
 *
 * @param uploaded the instance's keys; without them, key ids and certificates are not compared with Connect's
 */
export function checkFlow(flow: FlowDocument, uploaded?: UploadedKeys): readonly FlowFinding[] {
  const findings = [
    ...flow.Actions.flatMap((action) => [
      ...checkInput(action, uploaded),
      ...checkFunction(action),
      ...checkPlaintext(action),
      ...checkBranches(action, flow),
    ]),
    ...checkPaths(flow),
  ];
  return findings.filter(
    (finding, index) =>
      findings.findIndex(({ code, action }) => code === finding.code && action === finding.action) === index,
  );
}

function isStored(action: FlowAction): boolean {
  return action.Type === 'GetParticipantInput' && String(action.Parameters['StoreInput']).toLowerCase() === 'true';
}

function isSecret(action: FlowAction): boolean {
  return isStored(action) && textParameter(action, 'InputEncryption', 'EncryptionKeyId') !== undefined;
}

/** Whether the block stores digits; a telephone number is validated as one, and cannot be encrypted. */
function isTelephoneNumber({ Parameters }: FlowAction): boolean {
  return JSON.stringify(Parameters['InputValidation'] ?? null).includes('PhoneNumberValidation');
}

function checkInput(action: FlowAction, uploaded: UploadedKeys | undefined): readonly FlowFinding[] {
  if (!isStored(action) || isTelephoneNumber(action)) return [];
  const keyId = textParameter(action, 'InputEncryption', 'EncryptionKeyId');
  const pem = textParameter(action, 'InputEncryption', 'Key');
  if (keyId === undefined || pem === undefined) {
    return [
      finding(
        'stored_unencrypted',
        action,
        'stores what the caller types in the clear; tick "Encrypt entry" in the block',
      ),
    ];
  }
  // What comes from an attribute is known only in a call.
  const isStatic = (text: string) => !text.startsWith('$.');
  const uploadedKey = uploaded?.get(keyId);
  return [
    ...(isStatic(keyId) && uploaded && uploadedKey === undefined
      ? [
          finding(
            'unknown_key_id',
            action,
            `names key id ${keyId}, which the instance does not hold; give it a key id of "flow-keys keys list"`,
          ),
        ]
      : []),
    ...(isStatic(pem) ? checkCertificate(action, pem, uploadedKey) : []),
  ];
}

function checkCertificate(action: FlowAction, pem: string, uploadedKey: KeyObject | undefined): readonly FlowFinding[] {
  if (holdsPrivateKey(pem)) {
    return [
      finding(
        'private_key_in_flow',
        action,
        'carries a private key, which everyone who may read the flow has; replace it with the certificate alone, and rotate the key with "flow-keys rotate"',
      ),
    ];
  }
  try {
    const certificate = readCertificate(pem, 'It');
    const left = daysLeftOf(certificate);
    // The certificate is the key's own, or one that the key has signed.
    const belongs =
      uploadedKey === undefined || isSameKey(certificate.publicKey, uploadedKey) || certificate.verify(uploadedKey);
    const age = ageOf(certificate);
    return [
      ...(belongs
        ? []
        : [
            finding(
              'certificate_mismatch',
              action,
              'carries a certificate of another key than the key id names; paste the one of that key',
            ),
          ]),
      ...(age === 'expired'
        ? [
            finding(
              'certificate_expired',
              action,
              `carries a certificate that ended on ${certificate.validTo}; rotate with "flow-keys rotate"`,
            ),
          ]
        : []),
      ...(age === 'not yet valid'
        ? [
            finding(
              'certificate_not_yet_valid',
              action,
              `carries a certificate that begins on ${certificate.validFrom}; paste one that is valid now`,
            ),
          ]
        : []),
      ...(age === 'expiring'
        ? [
            finding(
              'certificate_expiring',
              action,
              `carries a certificate that ends in ${left} days; rotate with "flow-keys rotate"`,
            ),
          ]
        : []),
    ];
  } catch {
    return [
      finding(
        'certificate_unreadable',
        action,
        'carries no X.509 certificate in PEM; paste the whole of certificate.pem',
      ),
    ];
  }
}

function checkFunction(action: FlowAction): readonly FlowFinding[] {
  if (action.Type !== 'InvokeLambdaFunction') return [];
  const seconds = Number(textParameter(action, 'InvocationTimeLimitSeconds'));
  const isSynchronous = textParameter(action, 'InvocationType') !== 'ASYNCHRONOUS';
  const handlesErrors = (action.Transitions.Errors ?? []).some(({ ErrorType }) => ErrorType === 'NoMatchingError');
  return [
    ...(isSynchronous && !(seconds >= 1 && seconds <= longestFunctionSeconds)
      ? [
          finding(
            'lambda_limit',
            action,
            `waits for the function for other than 1 to ${longestFunctionSeconds} seconds, which Connect does not allow; set it to 8`,
          ),
        ]
      : []),
    ...(handlesErrors
      ? []
      : [
          finding(
            'lambda_without_error_branch',
            action,
            'has no Error branch, so that the call ends when the function fails; connect it',
          ),
        ]),
  ];
}

/** What the function decrypted must not go where Connect keeps it: an attribute is part of the contact record. */
function checkPlaintext(action: FlowAction): readonly FlowFinding[] {
  const keeps = ['UpdateContactAttributes', 'UpdateContactData', 'UpdateFlowAttributes', 'CreateTask'].includes(
    action.Type,
  );
  if (!keeps || !JSON.stringify(action.Parameters).includes('decryptedData')) return [];
  return [
    finding(
      'plaintext_used',
      action,
      'keeps what the function decrypted in the contact; let the function use it instead',
    ),
  ];
}

function checkBranches(action: FlowAction, { Actions }: FlowDocument): readonly FlowFinding[] {
  const isThere = (identifier: string) => Actions.some(({ Identifier }) => Identifier === identifier);
  if (nextActions(action).every(isThere)) return [];
  return [finding('dangling_branch', action, 'has a branch to a block that is not in the flow; connect it')];
}

/** What is so at a point of a call; the same block can be reached in several ways. */
interface Way {
  readonly action: FlowAction;
  readonly isLogged: boolean;
  /** There is a stored input, and whether it is Connect's `Timeout` was not asked. */
  readonly isUnchecked: boolean;
  readonly holdsSecret: boolean;
}

/** Walks each way through the flow, as a call could take it. */
function checkPaths(flow: FlowDocument): readonly FlowFinding[] {
  const actions = new Map(flow.Actions.map((action) => [action.Identifier, action]));
  const start = actions.get(flow.StartAction);
  const findings: FlowFinding[] = [];
  const walked = new Set<string>();
  const waiting: Way[] = start ? [{ action: start, isLogged: true, isUnchecked: false, holdsSecret: false }] : [];
  for (let way = waiting.pop(); way !== undefined; way = waiting.pop()) {
    const key = JSON.stringify([way.action.Identifier, way.isLogged, way.isUnchecked, way.holdsSecret]);
    if (walked.has(key)) continue;
    walked.add(key);
    findings.push(...checkWay(way));
    for (const identifier of nextActions(way.action)) {
      const action = actions.get(identifier);
      if (action) waiting.push({ ...after(way, identifier), action });
    }
  }
  return findings;
}

function checkWay({ action, isLogged, isUnchecked, holdsSecret }: Way): readonly FlowFinding[] {
  const usesInput = JSON.stringify(action.Parameters).includes(storedInput) && action.Type !== 'Compare';
  const isFunction = action.Type === 'InvokeLambdaFunction';
  return [
    ...(isLogged && (isSecret(action) || (isFunction && holdsSecret))
      ? [
          finding(
            'logging_on',
            action,
            'is reached with flow logging on; put "Set logging behavior: Disable" before it, on every way to it',
          ),
        ]
      : []),
    ...(isUnchecked && usesInput
      ? [
          finding(
            'timeout_not_checked',
            action,
            'takes the input without asking whether it is "Timeout", which it is when the caller typed nothing; put "Check contact attributes" before it',
          ),
        ]
      : []),
  ];
}

function after({ action, isLogged, isUnchecked, holdsSecret }: Way, next: string): Omit<Way, 'action'> {
  const behaviour =
    action.Type === 'UpdateFlowLoggingBehavior' ? textParameter(action, 'FlowLoggingBehavior') : undefined;
  const isComparison = action.Type === 'Compare' && textParameter(action, 'ComparisonValue') === storedInput;
  const timeouts = (action.Transitions.Conditions ?? []).filter(({ Condition }) =>
    Condition?.Operands?.includes('Timeout'),
  );
  // Where the branch of "Timeout" leads to, the input is that text.
  const isSorted = isComparison && timeouts.length > 0 && timeouts.every(({ NextAction }) => NextAction !== next);
  return {
    isLogged: behaviour === undefined ? isLogged : behaviour !== 'Disabled',
    isUnchecked: isSecret(action) || (isUnchecked && !isSorted),
    holdsSecret: holdsSecret || isSecret(action),
  };
}

function finding(code: FlowFault, { Identifier }: FlowAction, message: string): FlowFinding {
  return { code, action: Identifier, message };
}
