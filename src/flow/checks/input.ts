import { certificateAge, daysLeft } from '../../keys/certificate.ts';
import { holdsPrivateKey } from '../../keys/holds-private-key.ts';
import { certificateIn, keyBlocks } from '../../keys/key-text.ts';
import { type Fault, fault } from '../findings.ts';
import {
  bufferSwitch,
  type FlowAction,
  isDynamic,
  isTelephoneNumber,
  isTrue,
  maxDigits,
  parameter,
  scalarParameter,
  textParameter,
} from '../language.ts';

/** The security keys of a Connect instance. */
export interface UploadedKeys {
  has(keyId: string): boolean;
  /** Whether a certificate is the key's own, or one that the key has signed. */
  signed(keyId: string, certificatePem: string): boolean;
}

/** How a block takes input, and encrypts it. */
export function checkInput(
  action: FlowAction,
  { uploaded, now }: { readonly uploaded?: UploadedKeys | undefined; readonly now: number },
): readonly Fault[] {
  if (action.Type !== 'GetParticipantInput') return [];
  const encryption = parameter(action, 'InputEncryption');
  const stores = isTrue(scalarParameter(action, 'StoreInput'));
  return [
    ...checkStorage(action, encryption !== undefined, stores),
    ...(encryption === undefined ? [] : checkEncryption(action, { uploaded, now })),
    ...checkLimits(action),
  ];
}

function checkStorage(action: FlowAction, isEncrypted: boolean, stores: boolean): readonly Fault[] {
  const buffering = bufferSwitch(action);
  if (buffering !== undefined) return [];
  const faults: Fault[] = [];
  const isTelephone = isTelephoneNumber(action);
  const store = scalarParameter(action, 'StoreInput');
  if (isEncrypted && !stores && !(store !== undefined && isDynamic(store)))
    faults.push(fault('encryption_not_stored', action, 'configures encryption, but does not store the input'));
  if (isEncrypted && isTelephone)
    faults.push(fault('telephone_encrypted', action, 'encrypts a telephone number, which Connect does not allow'));
  if (!stores) return faults;
  const isCustom = parameter(action, 'InputValidation', 'CustomValidation') !== undefined;
  if (!isTelephone && !isCustom)
    faults.push(fault('validation_missing', action, 'stores the input without an input validation'));
  // A menu digit is not a secret.
  if (!isEncrypted && !isTelephone && maxDigits(action) !== 1)
    faults.push(fault('stored_unencrypted', action, 'stores what the caller types unencrypted'));
  if ((action.Transitions.Conditions ?? []).length > 0)
    faults.push(fault('conditions_ignored', action, 'has conditions, which stored input does not take'));
  return faults;
}

function checkEncryption(
  action: FlowAction,
  { uploaded, now }: { readonly uploaded?: UploadedKeys | undefined; readonly now: number },
): readonly Fault[] {
  const keyId = parameter(action, 'InputEncryption', 'EncryptionKeyId');
  const pem = parameter(action, 'InputEncryption', 'Key');
  if (keyId === undefined || pem === undefined || pem === '') {
    const absent = keyId === undefined ? 'a key id' : 'a certificate';
    return [fault('encryption_incomplete', action, `configures encryption without ${absent}`)];
  }
  // What is filled in by a template or in a call is not known here.
  const id = typeof keyId === 'string' && !isDynamic(keyId) ? keyId : undefined;
  const certificate = textParameter(action, 'InputEncryption', 'Key');
  return [
    ...(id === undefined ? [] : checkKeyId(action, id, uploaded)),
    ...(certificate === undefined || isDynamic(certificate)
      ? []
      : checkCertificate(action, certificate, { now, keyId: id, uploaded })),
  ];
}

// Connect's association ids are UUIDs; the words of manuals are not.
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const repeated = /^([0-9a-f])\1{7}(-\1{4}){3}-\1{12}$/i;

function checkKeyId(action: FlowAction, keyId: string, uploaded: UploadedKeys | undefined): readonly Fault[] {
  if (keyId.trim() === '') return [fault('key_id_empty', action, 'has an empty key id')];
  if (uploaded?.has(keyId)) return [];
  if (!uuid.test(keyId) || repeated.test(keyId))
    return [fault('key_id_placeholder', action, `has a key id that is not an id of a security key, which are UUIDs`)];
  if (uploaded === undefined) return [];
  return [fault('unknown_key_id', action, `has key id ${keyId}, which the instance does not hold`)];
}

function checkCertificate(
  action: FlowAction,
  pem: string,
  {
    now,
    keyId,
    uploaded,
  }: { readonly now: number; readonly keyId: string | undefined; readonly uploaded: UploadedKeys | undefined },
): readonly Fault[] {
  if (holdsPrivateKey(pem)) return [fault('private_key_in_flow', action, 'carries a private key')];
  const certificate = certificateIn(pem);
  if (certificate === undefined) {
    const isPublicKey = keyBlocks(pem).some(({ label }) => label === 'PUBLIC KEY' || label === 'RSA PUBLIC KEY');
    return isPublicKey
      ? [fault('public_key_in_flow', action, 'carries a public key where the certificate belongs')]
      : [fault('certificate_unreadable', action, 'does not carry an X.509 certificate in PEM')];
  }
  const day = (time: number) => new Date(time).toISOString().slice(0, 10);
  const belongs = keyId === undefined || !uploaded?.has(keyId) || uploaded.signed(keyId, pem);
  const ages = {
    valid: [],
    expired: [
      fault('certificate_expired', action, `carries a certificate that expired on ${day(certificate.notAfter)}`),
    ],
    expiring: [
      fault(
        'certificate_expiring',
        action,
        `carries a certificate that expires in ${daysLeft(certificate, now)} days, on ${day(certificate.notAfter)}`,
      ),
    ],
    'not yet valid': [
      fault(
        'certificate_not_yet_valid',
        action,
        `carries a certificate that is valid from ${day(certificate.notBefore)}`,
      ),
    ],
  } as const;
  return [
    ...(belongs
      ? []
      : [fault('certificate_mismatch', action, `carries a certificate of another key than key id ${keyId}`)]),
    ...ages[certificateAge(certificate, now)],
  ];
}

const limits: readonly (readonly [path: readonly string[], lowest: number, highest: number])[] = [
  [['InputTimeLimitSeconds'], 1, 180],
  [['DTMFConfiguration', 'InterdigitTimeLimitSeconds'], 1, 20],
  [['InputValidation', 'CustomValidation', 'MaximumLength'], 1, Number.MAX_SAFE_INTEGER],
];

function checkLimits(action: FlowAction): readonly Fault[] {
  const faults = limits.flatMap(([path, lowest, highest]) => {
    const value = scalarParameter(action, ...path);
    if (value === undefined || isDynamic(value)) return [];
    const number = Number(value);
    if (value.trim() !== '' && Number.isInteger(number) && number >= lowest && number <= highest) return [];
    const range = highest === Number.MAX_SAFE_INTEGER ? `at least ${lowest}` : `${lowest} to ${highest}`;
    return [fault('input_limit', action, `has ${path.at(-1)} outside ${range}`)];
  });
  const sequence = textParameter(action, 'DTMFConfiguration', 'InputTerminationSequence') ?? '';
  return sequence.length <= 5 || isDynamic(sequence)
    ? faults
    : [...faults, fault('input_limit', action, 'has a termination sequence of more than 5 keys')];
}
