import { decodeUtf8, hex } from '../encoding/base64.ts';
import { FlowKeysError } from '../errors.ts';
import type { MessageReader } from './reader.ts';
import {
  type AlgorithmSuite,
  assertContext,
  assertEncryptedDataKeys,
  assertFrameLength,
  assertSuite,
  type MessagePolicy,
  suiteById,
} from './suites.ts';

/** The context entry with the key that verifies a signed message: a compressed point in base64. */
export const publicKeyContextKey = 'aws-crypto-public-key';

/** A copy of the data key, encrypted for one wrapping key. */
export interface EncryptedDataKey {
  /** `AmazonConnect` for what Connect encrypted. */
  readonly providerId: string;
  /** For `AmazonConnect`: the key id. */
  readonly providerInfo: string;
  /** Length of the encrypted data key, in bytes: the RSA modulus's. */
  readonly byteLength: number;
}

/**
 * The header of an AWS Encryption SDK message, version 1 or 2.
 *
 * @see https://docs.aws.amazon.com/encryption-sdk/latest/developer-guide/message-format.html#header-structure
 */
export interface MessageHeader {
  readonly version: 1 | 2;
  readonly suite: AlgorithmSuite;
  /** Hexadecimal; random, and covered by the signature and the encryption. */
  readonly messageId: string;
  readonly encryptionContext: Readonly<Record<string, string>>;
  readonly encryptedDataKeys: readonly EncryptedDataKey[];
  readonly contentType: 'framed' | 'non-framed';
  /** Plaintext bytes per frame; 0 for a body that is not framed. */
  readonly frameLength: number;
}

const customerAuthenticatedEncryptedData = 0x80;
const messageIdBytes = { 1: 16, 2: 32 } as const;
const commitmentBytes = 32;
const ivBytes = 12;
const tagBytes = 16;

/** Reads the header, including its authentication. Throws like `parseMessage`. */
export function parseHeader(reader: MessageReader, policy: MessagePolicy): MessageHeader {
  const version = readVersion(reader);
  const suite = readSuite(reader, version);
  assertSuite(suite, policy);
  const messageId = hex(reader.take(messageIdBytes[version], 'message id'));
  const encryptionContext = readEncryptionContext(reader, policy);
  if (suite.signature !== undefined && encryptionContext[publicKeyContextKey] === undefined) {
    throw reader.malformed('it is signed, but its encryption context holds no verification key');
  }
  const encryptedDataKeys = readEncryptedDataKeys(reader, policy);
  const contentType = readContentType(reader);
  if (version === 1) {
    if (reader.uint32('header') !== 0) throw reader.malformed('its reserved header bytes are not zero');
    if (reader.uint8('header') !== ivBytes) throw reader.malformed('its IV length is not 12');
  }
  const frameLength = reader.uint32('frame length');
  if ((frameLength === 0) !== (contentType === 'non-framed')) {
    throw reader.malformed('its frame length and content type contradict each other');
  }
  assertFrameLength(frameLength, policy);
  reader.take(version === 1 ? ivBytes + tagBytes : commitmentBytes + tagBytes, 'header authentication');
  return { version, suite, messageId, encryptionContext, encryptedDataKeys, contentType, frameLength };
}

function readVersion(reader: MessageReader): 1 | 2 {
  const version = reader.uint8('version');
  if (version !== 1 && version !== 2) {
    throw reader.malformed(
      'it begins with neither version 1 nor 2 (is it base64 of base64, or encrypted with something else?)',
    );
  }
  if (version === 1 && reader.uint8('type') !== customerAuthenticatedEncryptedData) {
    throw reader.malformed('its message type is not 0x80');
  }
  return version;
}

function readSuite(reader: MessageReader, version: 1 | 2): AlgorithmSuite {
  const id = reader.uint16('suite');
  const suite = suiteById(id);
  if (suite === undefined || suite.messageVersion !== version) {
    const suiteId = id.toString(16).padStart(4, '0');
    throw new FlowKeysError(
      'unsupported_message',
      `No algorithm suite ${suiteId} exists in message version ${version}.`,
    );
  }
  return suite;
}

function readEncryptionContext(reader: MessageReader, policy: MessagePolicy): Readonly<Record<string, string>> {
  // Without a prototype, a key such as "__proto__" is an entry like any other.
  const context: Record<string, string> = Object.create(null);
  const length = reader.uint16('encryption context');
  if (length === 0) return context;
  const end = reader.position() + length;
  const entries = reader.uint16('encryption context');
  assertContext({ entries, bytes: length }, policy);
  for (let count = entries; count > 0; count -= 1) {
    const key = readText(reader, 'encryption context');
    if (context[key] !== undefined) throw reader.malformed('its encryption context holds a key twice');
    context[key] = readText(reader, 'encryption context');
  }
  if (reader.position() !== end) throw reader.malformed('its encryption context has the wrong length');
  return context;
}

function readEncryptedDataKeys(reader: MessageReader, policy: MessagePolicy): readonly EncryptedDataKey[] {
  const count = reader.uint16('encrypted data keys');
  if (count === 0) throw reader.malformed('it holds no encrypted data key');
  assertEncryptedDataKeys(count, policy);
  return Array.from({ length: count }, () => {
    const providerId = readText(reader, 'encrypted data keys');
    return {
      providerId,
      providerInfo: readProviderInfo(reader, providerId),
      byteLength: reader.take(reader.uint16('encrypted data keys'), 'encrypted data keys').length,
    };
  });
}

/** Text where Connect wrote it; the raw AES keyrings of the AWS Encryption SDK put an IV behind a name. */
function readProviderInfo(reader: MessageReader, providerId: string): string {
  if (providerId === 'AmazonConnect') return readText(reader, 'encrypted data keys');
  return new TextDecoder().decode(reader.take(reader.uint16('encrypted data keys'), 'encrypted data keys'));
}

function readContentType(reader: MessageReader): 'framed' | 'non-framed' {
  const contentType = reader.uint8('content type');
  if (contentType === 1) return 'non-framed';
  if (contentType === 2) return 'framed';
  throw reader.malformed('its content type is neither framed nor non-framed');
}

function readText(reader: MessageReader, field: string): string {
  const text = decodeUtf8(reader.take(reader.uint16(field), field));
  if (text === undefined) throw reader.malformed(`its ${field} are not UTF-8`);
  return text;
}
