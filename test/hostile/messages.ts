import { testKeys } from '../recordings/recordings.ts';
import {
  type Bytes,
  derInteger,
  derSequence,
  derSignature,
  type ForgeOptions,
  forge,
  joined,
  randomBytes,
  uint,
  wrapped,
  wrappingKeyOf,
} from './forge.ts';
import { twoPlaintexts } from './two-plaintexts.ts';

/** A message that an attacker may send to overload or deceive the service. */
export interface HostileMessage {
  readonly name: string;
  readonly bytes: Bytes;
  /** The error code under the policy `connect`. */
  readonly code: string;
  /** The private-key operations that it may cost under `connect`. */
  readonly operations: 0 | 1;
}

const [first, second] = testKeys;
if (first === undefined || second === undefined) throw new Error('Two test keys are needed.');
const [firstKey, secondKey] = [first, second];

// The order of P-384's base point (NIST SP 800-186, section 3.2.1.4).
const order = 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n;

/** Messages of every kind, under the first test key. */
export async function hostileMessages(): Promise<readonly HostileMessage[]> {
  const dataKey = randomBytes(32);
  const publicKey = await wrappingKeyOf(firstKey.privateKeyPkcs8);
  const encrypted = await wrapped(dataKey, firstKey.keyId, publicKey);
  const valid: ForgeOptions = { dataKey, encryptedDataKeys: [encrypted] };
  const oneByte = { ...encrypted, bytes: new Uint8Array(1) };
  const message = async (
    name: string,
    code: string,
    operations: 0 | 1,
    options: Partial<ForgeOptions>,
  ): Promise<HostileMessage> => ({ name, code, operations, bytes: await forge({ ...valid, ...options }) });

  const unsupported = (name: string, options: Partial<ForgeOptions>) =>
    message(name, 'unsupported_message', 0, options);
  const malformed = (name: string, options: Partial<ForgeOptions>) => message(name, 'malformed_ciphertext', 0, options);
  const failed = (name: string, options: Partial<ForgeOptions>) => message(name, 'decryption_failed', 1, options);

  return Promise.all([
    message('the bomb: as many data keys of one byte as fit', 'unsupported_message', 0, {
      encryptedDataKeys: Array.from({ length: 1_100 }, () => oneByte),
    }),
    unsupported('as many data keys of full length as fit', {
      encryptedDataKeys: Array.from({ length: 200 }, () => ({ ...encrypted, bytes: randomBytes(256) })),
    }),
    unsupported('two data keys', { encryptedDataKeys: [encrypted, encrypted] }),
    message('a data key of one byte', 'decryption_failed', 0, { encryptedDataKeys: [oneByte] }),
    message('a data key of the length of another modulus', 'decryption_failed', 0, {
      encryptedDataKeys: [{ ...encrypted, bytes: randomBytes(384) }],
    }),
    message('a key id that the stored one only begins', 'unknown_key', 0, {
      encryptedDataKeys: [{ ...encrypted, providerInfo: `${firstKey.keyId}0` }],
    }),
    unsupported('a data key of another provider', {
      encryptedDataKeys: [{ ...encrypted, providerId: 'AmazonConnect2' }],
    }),
    unsupported('9 context entries', {
      context: Array.from({ length: 8 }, (_, index) => [`a${index}`, 'x'] as const),
    }),
    unsupported('a context of more than 1 KB', { context: [['a', 'x'.repeat(1_000)]] }),
    unsupported('frames of one byte', { frameLength: 1, frames: [...'4444444444444444'] }),
    unsupported('huge frames', { frameLength: 0xffff_ffff }),
    unsupported('65,535 context entries', { context: [['a', 'x']], contextCount: 65_535 }),
    malformed('frames of no length', { frameLength: 0 }),
    malformed('more data keys than there are', { dataKeyCount: 0 }),
    malformed('a context shorter than it says', { contextLength: 900 }),
    malformed('more context entries than there are', { contextCount: 3 }),
    malformed('a context key twice', {
      context: [
        ['a', '1'],
        ['a', '2'],
      ],
    }),
    malformed('a context key that is not UTF-8', { context: [[new Uint8Array([0xff, 0xfe]), '1']] }),
    malformed('frames out of order', { sequenceNumbers: [2] }),
    malformed('a final frame longer than the frame length', { frames: ['4'.repeat(4_097)] }),
    malformed('a final frame longer than the message', { finalLength: 4_000 }),
    malformed('reserved bytes that are set', { reserved: 1 }),
    malformed('an IV of another length', { ivLength: 16 }),
    malformed('another type of message', { messageType: 0x81 }),
    malformed('another content type', { contentType: 3 }),
    malformed('no signature', { signature: null }),
    malformed('no verification key', { verificationKey: null }),
    malformed('a signature longer than the message', { signatureLength: 500 }),
    malformed('a trailing byte', { trailer: new Uint8Array(1) }),
    malformed('a trailing byte in the signature', {
      signature: (raw) => joined(derSignature(raw), new Uint8Array(1)),
    }),
    malformed('a trailing byte within the DER sequence', {
      signature: (raw) => derSequence(derInteger(raw.slice(0, 48)), derInteger(raw.slice(48)), new Uint8Array([5, 0])),
    }),
    malformed('a padded integer in the signature', {
      signature: (raw) => derSequence(derInteger(raw.slice(0, 48), 1), derInteger(raw.slice(48))),
    }),
    malformed('r of 0', { signature: (raw) => derSequence(derInteger(new Uint8Array(48)), derInteger(raw.slice(48))) }),
    malformed('s of 0', {
      signature: (raw) => derSequence(derInteger(raw.slice(0, 48)), derInteger(new Uint8Array(48))),
    }),
    failed('s of the order', {
      signature: (raw) => derSequence(derInteger(raw.slice(0, 48)), derInteger(digits(order))),
    }),
    failed('the verification key of another message', { verificationKey: await anotherKey() }),
    failed('a verification key that is no point', { verificationKey: btoa('\x02'.padEnd(49, '\xff')) }),
    failed('a commitment to another data key', { version: 2, commitment: randomBytes(32) }),
    failed('another data key than was wrapped', { dataKey: randomBytes(32) }),
    unsupported('an unsigned suite that carries a verification key', { suite: 0x0178, signature: null }),
    unsupported('a suite that does not exist', { suite: 0x0379 }),
    twoPlaintextsMessage(),
  ]);
}

/** One valid signature and two plaintexts, chosen by the key id that is tried. */
export async function twoPlaintextsMessage(): Promise<HostileMessage> {
  const dataKeys = await Promise.all(
    [firstKey, secondKey].map(async ({ keyId, privateKeyPkcs8 }) => {
      const dataKey = randomBytes(32);
      return { dataKey, encrypted: await wrapped(dataKey, keyId, await wrappingKeyOf(privateKeyPkcs8)) };
    }),
  );
  return {
    name: 'two plaintexts under one signature',
    bytes: await twoPlaintexts(dataKeys),
    code: 'unsupported_message',
    operations: 0,
  };
}

async function anotherKey(): Promise<string> {
  const { newSigner } = await import('./forge.ts');
  return (await newSigner()).verificationKey;
}

function digits(value: bigint): Bytes {
  return uint(
    1,
    value
      .toString(16)
      .padStart(96, '0')
      .match(/../g)
      ?.map((pair) => Number.parseInt(pair, 16)) ?? [],
  );
}
