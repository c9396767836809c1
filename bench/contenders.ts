import { buildDecrypt } from '@aws-crypto/decrypt-browser';
import { CommitmentPolicy } from '@aws-crypto/material-management';
import { RawRsaKeyringWebCrypto } from '@aws-crypto/raw-rsa-keyring-browser';
import { createDecryptor } from 'flow-security-keys';
import { pem, type Recording, type TestKey } from '../test/recordings/recordings.ts';

/** Decrypts the recording, from its base64 text to its plaintext's bytes. */
export type Decrypt = () => Promise<Uint8Array>;

export const contenderNames = [
  'flow-security-keys',
  'WebCrypto primitives',
  'the same, overlapped',
  'decrypt-browser as shipped',
] as const;
export type ContenderName = (typeof contenderNames)[number];

/** What runs on Node and on workerd alike, with all that outlives a message already done. */
export async function contender(name: ContenderName, recording: Recording, key: TestKey): Promise<Decrypt> {
  if (name === 'flow-security-keys') return ours(recording, key);
  if (name === 'decrypt-browser as shipped') return shipped(recording, key);
  return primitives(recording, key, name === 'the same, overlapped');
}

function ours({ ciphertext, keyId }: Recording, { privateKeyPkcs8 }: TestKey): Decrypt {
  const decryptor = createDecryptor({ keyStore: { privateKeys: async () => [pem('PRIVATE KEY', privateKeyPkcs8)] } });
  return async () => (await decryptor.decrypt(ciphertext, { keyId })).plaintext;
}

async function shipped({ ciphertext, keyId }: Recording, { privateKeyPkcs8 }: TestKey): Promise<Decrypt> {
  const { decrypt } = buildDecrypt(CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT);
  const privateKey = await importPrivateKey(privateKeyPkcs8);
  const keyring = new RawRsaKeyringWebCrypto({ keyNamespace: 'AmazonConnect', keyName: keyId, privateKey });
  return async () => (await decrypt(keyring, bytesOf(ciphertext))).plaintext;
}

/**
 * What the message makes necessary, one after the other, or with the verification beside the rest, on slices that were cut beforehand: import the
 * verification key, unwrap the data key, derive the frame key, authenticate the header, decrypt the frame,
 * verify the signature. Not in it: base64, parsing, policy, key lookup, errors.
 */
async function primitives(
  { ciphertext }: Recording,
  { privateKeyPkcs8 }: TestKey,
  isOverlapped: boolean,
): Promise<Decrypt> {
  const { subtle } = crypto;
  const privateKey = await importPrivateKey(privateKeyPkcs8);
  const part = sliceMessage(bytesOf(ciphertext));
  const ecdsa = { name: 'ECDSA', namedCurve: 'P-384' };
  const hkdf = { name: 'HKDF', hash: 'SHA-384', info: part.kdfInfo, salt: new Uint8Array() };
  const aes = { name: 'AES-GCM', length: 256 };
  async function verified(): Promise<void> {
    const publicKey = await subtle.importKey('raw', part.compressedPoint, ecdsa, false, ['verify']);
    const isValid = await subtle.verify({ name: 'ECDSA', hash: 'SHA-384' }, publicKey, part.signature, part.signed);
    if (!isValid) throw new Error('The signature is invalid.');
  }
  async function opened(): Promise<Uint8Array> {
    const algorithm = { name: 'RSA-OAEP' };
    const { encryptedDataKey } = part;
    const dataKey = await subtle.unwrapKey('raw', encryptedDataKey, privateKey, algorithm, 'HKDF', false, [
      'deriveKey',
    ]);
    const frameKey = await subtle.deriveKey(hkdf, dataKey, aes, false, ['decrypt']);
    await subtle.decrypt({ name: 'AES-GCM', iv: part.headerIv, additionalData: part.header }, frameKey, part.headerTag);
    const frame = { name: 'AES-GCM', iv: part.frameIv, additionalData: part.frameAad };
    return new Uint8Array(await subtle.decrypt(frame, frameKey, part.frame));
  }
  if (isOverlapped) return async () => (await Promise.all([opened(), verified()]))[0];
  return async () => {
    const plaintext = await opened();
    await verified();
    return plaintext;
  };
}

/**
 * The parts of a message as Connect makes it: version 1, one context entry, one data key, one frame.
 *
 * @see https://docs.aws.amazon.com/encryption-sdk/latest/developer-guide/message-format.html
 */
function sliceMessage(message: Uint8Array<ArrayBuffer>) {
  const view = new DataView(message.buffer);
  const contextLength = view.getUint16(20);
  const contextEnd = 22 + contextLength;
  const messageId = message.slice(4, 20);
  const point = new TextDecoder().decode(message.slice(contextEnd - 68, contextEnd));
  let position = contextEnd + 2;
  const field = () => {
    const start = position + 2;
    position = start + view.getUint16(position);
    return message.slice(start, position);
  };
  field();
  field();
  const encryptedDataKey = field();
  const headerEnd = position + 10;
  const frameStart = headerEnd + 28;
  const contentStart = frameStart + 24;
  const contentLength = view.getUint32(contentStart - 4);
  const frameEnd = contentStart + contentLength + 16;
  return {
    compressedPoint: bytesOf(point),
    encryptedDataKey,
    kdfInfo: Uint8Array.from([...message.slice(2, 4), ...messageId]),
    header: message.slice(0, headerEnd),
    headerIv: message.slice(headerEnd, headerEnd + 12),
    headerTag: message.slice(headerEnd + 12, frameStart),
    frameIv: message.slice(frameStart + 8, frameStart + 20),
    frameAad: frameAad(messageId, contentLength),
    frame: message.slice(contentStart, frameEnd),
    signed: message.slice(0, frameEnd),
    signature: rawSignature(message.slice(frameEnd + 2)),
  };
}

/** The additional data of the first frame where it is the final one. */
function frameAad(messageId: Uint8Array, contentLength: number): Uint8Array<ArrayBuffer> {
  const contentType = new TextEncoder().encode('AWSKMSEncryptionClient Final Frame');
  const aad = new Uint8Array([...messageId, ...contentType, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  new DataView(aad.buffer).setUint32(aad.length - 4, contentLength);
  return aad;
}

function rawSignature(der: Uint8Array): Uint8Array<ArrayBuffer> {
  const rLength = der[3] ?? 0;
  const integers = [der.slice(4, 4 + rLength), der.slice(6 + rLength)];
  return Uint8Array.from(integers.flatMap((integer) => [...new Uint8Array(48), ...integer].slice(-48)));
}

function importPrivateKey(pkcs8: string): Promise<CryptoKey> {
  const algorithm = { name: 'RSA-OAEP', hash: 'SHA-512' };
  return crypto.subtle.importKey('pkcs8', bytesOf(pkcs8), algorithm, false, ['unwrapKey']);
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
