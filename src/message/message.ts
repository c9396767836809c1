import { rawSignature } from '../encoding/ecdsa-signature.ts';
import { type MessageHeader, parseHeader } from './header.ts';
import { type MessageReader, messageReader } from './reader.ts';
import type { MessagePolicy } from './suites.ts';

/**
 * A parsed AWS Encryption SDK message: everything that can be read without a private key.
 *
 * @see https://docs.aws.amazon.com/encryption-sdk/latest/developer-guide/message-format.html
 */
export interface Message {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly header: MessageHeader;
  readonly frameCount: number;
  /** Length of the plaintext, in bytes. AES-GCM preserves it, so no key is needed. */
  readonly plaintextBytes: number;
  /** Absent for unsigned suites. */
  readonly footer?: SignedPart;
}

/** The signed bytes and their signature: r followed by s, as Web Crypto expects them. */
export interface SignedPart {
  readonly signed: Uint8Array<ArrayBuffer>;
  readonly signature: Uint8Array<ArrayBuffer>;
}

const ivBytes = 12;
const tagBytes = 16;
const finalFrameMarker = 0xffff_ffff;

/**
 * Parses a whole message, up to its last byte.
 *
 * @throws FlowKeysError `malformed_ciphertext` when a part is truncated, out of order or left over,
 *   `unsupported_message` for an unknown suite, and for what the policy does not accept
 */
export function parseMessage(
  bytes: Uint8Array<ArrayBuffer>,
  policy: MessagePolicy,
  reader: MessageReader = messageReader(bytes),
): Message {
  const header = parseHeader(reader, policy);
  const body = header.contentType === 'framed' ? readFrames(reader, header.frameLength) : readSingleBlock(reader);
  const footer = header.suite.signature && readFooter(reader, bytes, header.suite.signature.namedCurve);
  if (reader.position() !== bytes.length) throw reader.malformed('bytes are left over after its end');
  return { bytes, header, ...body, ...(footer && { footer }) };
}

function readFrames(reader: MessageReader, frameLength: number): { frameCount: number; plaintextBytes: number } {
  for (let frameCount = 1; ; frameCount += 1) {
    const marker = reader.uint32('frame');
    const isFinal = marker === finalFrameMarker;
    const sequenceNumber = isFinal ? reader.uint32('final frame') : marker;
    if (sequenceNumber !== frameCount) throw reader.malformed('its frames are out of order');
    reader.take(ivBytes, 'frame');
    const contentLength = isFinal ? reader.uint32('final frame') : frameLength;
    if (contentLength > frameLength) throw reader.malformed('its final frame is longer than its frame length');
    reader.take(contentLength + tagBytes, 'frame');
    if (isFinal) return { frameCount, plaintextBytes: (frameCount - 1) * frameLength + contentLength };
  }
}

function readSingleBlock(reader: MessageReader): { frameCount: number; plaintextBytes: number } {
  reader.take(ivBytes, 'body');
  if (reader.uint32('body') !== 0) throw reader.malformed('its body is cut short');
  const plaintextBytes = reader.uint32('body');
  reader.take(plaintextBytes + tagBytes, 'body');
  return { frameCount: 1, plaintextBytes };
}

function readFooter(reader: MessageReader, bytes: Uint8Array<ArrayBuffer>, namedCurve: 'P-256' | 'P-384'): SignedPart {
  const signed = bytes.subarray(0, reader.position());
  const der = reader.take(reader.uint16('signature'), 'signature');
  const signature = rawSignature(der, namedCurve);
  if (signature === undefined) throw reader.malformed('its signature is not DER');
  return { signed, signature };
}
