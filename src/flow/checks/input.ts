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
  /** Whether a certificate belongs to the key, or was signed with it. */
  signed(keyId: string, certificatePem: string): boolean;
}

interface Comparison {
  readonly uploaded?: UploadedKeys | undefined;
  readonly now: number;
}

/** How a block takes input and encrypts it. */
export function* checkInput(action: FlowAction, comparison: Comparison): Generator<Fault> {
  if (action.Type !== 'GetParticipantInput') return;
  const isEncrypted = parameter(action, 'InputEncryption') !== undefined;
  if (bufferSwitch(action) === undefined) yield* checkStorage(action, isEncrypted);
  if (isEncrypted) yield* checkEncryption(action, comparison);
  yield* checkLimits(action);
}

function* checkStorage(action: FlowAction, isEncrypted: boolean): Generator<Fault> {
  const isTelephone = isTelephoneNumber(action);
  const store = scalarParameter(action, 'StoreInput');
  const stores = isTrue(store);
  if (isEncrypted && !stores && !(store !== undefined && isDynamic(store)))
    yield fault('encryption_not_stored', action, 'configures encryption, but does not store the input');
  if (isEncrypted && isTelephone)
    yield fault('telephone_encrypted', action, 'encrypts a telephone number, which Connect does not allow');
  if (!stores) return;
  if (!isTelephone && parameter(action, 'InputValidation', 'CustomValidation') === undefined)
    yield fault('validation_missing', action, 'stores the input without an input validation');
  // A menu digit is not a secret.
  if (!isEncrypted && !isTelephone && maxDigits(action) !== 1)
    yield fault('stored_unencrypted', action, 'stores what the caller types unencrypted');
  if ((action.Transitions.Conditions ?? []).length > 0)
    yield fault('conditions_ignored', action, 'has conditions, which Connect ignores for stored input');
}

function* checkEncryption(action: FlowAction, comparison: Comparison): Generator<Fault> {
  const keyId = parameter(action, 'InputEncryption', 'EncryptionKeyId');
  const pem = parameter(action, 'InputEncryption', 'Key');
  if (keyId === undefined || pem === undefined || pem === '') {
    const absent = keyId === undefined ? 'a key id' : 'a certificate';
    yield fault('encryption_incomplete', action, `configures encryption without ${absent}`);
    return;
  }
  // Values that a template or the call fills in are not known here.
  const known = (value: unknown) => (typeof value === 'string' && !isDynamic(value) ? value : undefined);
  const [id, certificate] = [known(keyId), known(pem)];
  if (id !== undefined) yield* checkKeyId(action, id, comparison);
  if (certificate !== undefined) yield* checkCertificate(action, certificate, id, comparison);
}

// Connect's association ids are UUIDs; the placeholders in documentation are not.
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const repeated = /^([0-9a-f])\1{7}(-\1{4}){3}-\1{12}$/i;

function* checkKeyId(action: FlowAction, keyId: string, { uploaded }: Comparison): Generator<Fault> {
  if (keyId.trim() === '') yield fault('key_id_empty', action, 'has an empty key id');
  else if (uploaded?.has(keyId)) return;
  else if (!uuid.test(keyId) || repeated.test(keyId))
    yield fault('key_id_placeholder', action, 'has a key id that is not the UUID of a security key');
  else if (uploaded !== undefined)
    yield fault('unknown_key_id', action, `has key id ${keyId}, which the instance does not hold`);
}

const day = (time: number) => new Date(time).toISOString().slice(0, 10);

function* checkCertificate(
  action: FlowAction,
  pem: string,
  keyId: string | undefined,
  { now, uploaded }: Comparison,
): Generator<Fault> {
  if (holdsPrivateKey(pem)) {
    yield fault('private_key_in_flow', action, 'contains a private key');
    return;
  }
  const certificate = certificateIn(pem);
  if (certificate === undefined) {
    const isPublicKey = keyBlocks(pem).some(({ label }) => label === 'PUBLIC KEY' || label === 'RSA PUBLIC KEY');
    yield isPublicKey
      ? fault('public_key_in_flow', action, 'has a public key in place of the certificate')
      : fault('certificate_unreadable', action, 'has a certificate that is not X.509 in PEM');
    return;
  }
  if (keyId !== undefined && uploaded?.has(keyId) && !uploaded.signed(keyId, pem))
    yield fault('certificate_mismatch', action, `has a certificate that does not belong to key id ${keyId}`);
  const [from, until] = [day(certificate.notBefore), day(certificate.notAfter)];
  const age = certificateAge(certificate, now);
  if (age === 'expired') yield fault('certificate_expired', action, `has a certificate that expired on ${until}`);
  if (age === 'not yet valid')
    yield fault('certificate_not_yet_valid', action, `has a certificate that is valid from ${from}`);
  if (age !== 'expiring') return;
  const days = daysLeft(certificate, now);
  yield fault('certificate_expiring', action, `has a certificate that expires in ${days} days, on ${until}`);
}

const limits: readonly (readonly [path: readonly string[], lowest: number, highest: number])[] = [
  [['InputTimeLimitSeconds'], 1, 180],
  [['DTMFConfiguration', 'InterdigitTimeLimitSeconds'], 1, 20],
  [['InputValidation', 'CustomValidation', 'MaximumLength'], 1, Number.MAX_SAFE_INTEGER],
];

function* checkLimits(action: FlowAction): Generator<Fault> {
  for (const [path, lowest, highest] of limits) {
    const value = scalarParameter(action, ...path);
    if (value === undefined || isDynamic(value)) continue;
    const number = Number(value);
    if (value.trim() !== '' && Number.isInteger(number) && number >= lowest && number <= highest) continue;
    const range = highest === Number.MAX_SAFE_INTEGER ? `at least ${lowest}` : `${lowest} to ${highest}`;
    yield fault('input_limit', action, `needs ${path.at(-1)} to be ${range}`);
  }
  const sequence = textParameter(action, 'DTMFConfiguration', 'InputTerminationSequence') ?? '';
  if (sequence.length > 5 && !isDynamic(sequence))
    yield fault('input_limit', action, 'has a termination sequence of more than 5 keys');
}
