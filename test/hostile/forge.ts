/**
 * Writes messages of the AWS Encryption SDK, suites 0378 (version 1) and 0578 (version 2), whose every field can be wrong.
 *
 * @see https://docs.aws.amazon.com/encryption-sdk/latest/developer-guide/message-format.html
 */
export interface ForgeOptions {
  readonly version?: 1 | 2;
  readonly suite?: number;
  readonly messageType?: number;
  readonly dataKey?: Bytes;
  readonly messageId?: Bytes;
  readonly encryptedDataKeys: readonly EncryptedDataKey[];
  /** Default: how many there are. */
  readonly dataKeyCount?: number;
  /** Beside the verification key, in this order. */
  readonly context?: readonly (readonly [key: string | Bytes, value: string])[];
  readonly contextCount?: number;
  readonly contextLength?: number;
  /** Default: the signer's; `null` leaves it out. */
  readonly verificationKey?: string | null;
  readonly contentType?: number;
  readonly reserved?: number;
  readonly ivLength?: number;
  readonly frameLength?: number;
  readonly commitment?: Bytes;
  /** The plaintext of each frame, the last one in a final frame. */
  readonly frames?: readonly string[];
  /** Default: 1, 2, …. */
  readonly sequenceNumbers?: readonly number[];
  /** What the final frame says of its length. */
  readonly finalLength?: number;
  /** Makes the DER signature of the one that the signer made; `null` leaves the footer out. */
  readonly signature?: ((raw: Bytes) => Bytes) | null;
  readonly signatureLength?: number;
  readonly trailer?: Bytes;
}

export interface EncryptedDataKey {
  readonly providerId: string;
  readonly providerInfo: string;
  readonly bytes: Bytes;
}

export type Bytes = Uint8Array<ArrayBuffer>;

const { subtle } = crypto;
const utf8 = new TextEncoder();

/** The data key, encrypted for an RSA public key as Connect does. */
export async function wrapped(
  dataKey: Bytes,
  keyId: string,
  publicKey: CryptoKey,
  providerId = 'AmazonConnect',
): Promise<EncryptedDataKey> {
  const bytes = new Uint8Array(await subtle.encrypt('RSA-OAEP', publicKey, dataKey));
  return { providerId, providerInfo: keyId, bytes };
}

/** The public key of a test key (PKCS#8, base64), to wrap with. */
export async function wrappingKeyOf(privateKeyPkcs8: string): Promise<CryptoKey> {
  const algorithm = { name: 'RSA-OAEP', hash: 'SHA-512' };
  const pkcs8 = Uint8Array.from(atob(privateKeyPkcs8), (character) => character.charCodeAt(0));
  const privateKey = await subtle.importKey('pkcs8', pkcs8, algorithm, true, ['decrypt']);
  const { kty = 'RSA', n = '', e = '' } = await subtle.exportKey('jwk', privateKey);
  return subtle.importKey('jwk', { kty, n, e }, algorithm, true, ['encrypt']);
}

/** A message, as bytes. */
export async function forge(options: ForgeOptions): Promise<Bytes> {
  const { version = 1, suite = version === 1 ? 0x0378 : 0x0578, dataKey = randomBytes(32) } = options;
  const messageId = options.messageId ?? randomBytes(version === 1 ? 16 : 32);
  const keys = await derivedKeys(dataKey, suite, messageId, version);
  const signer = await newSigner();
  const header = joined(
    version === 1 ? uint(1, [version, options.messageType ?? 0x80]) : uint(1, [version]),
    uint(2, [suite]),
    messageId,
    contextOf(options, signer.verificationKey),
    uint(2, [options.dataKeyCount ?? options.encryptedDataKeys.length]),
    ...options.encryptedDataKeys.flatMap(({ providerId, providerInfo, bytes }) => [
      prefixed(utf8.encode(providerId)),
      prefixed(utf8.encode(providerInfo)),
      prefixed(bytes),
    ]),
    uint(1, [options.contentType ?? 2]),
    ...(version === 1 ? [uint(4, [options.reserved ?? 0]), uint(1, [options.ivLength ?? 12])] : []),
    uint(4, [options.frameLength ?? 4_096]),
    ...(version === 1 ? [] : [options.commitment ?? keys.commitment]),
  );
  const iv = new Uint8Array(12);
  const tag = await encrypt(keys.encryptionKey, iv, header, new Uint8Array());
  const signed = joined(
    header,
    ...(version === 1 ? [iv] : []),
    tag,
    ...(await framesOf(options, messageId, keys.encryptionKey)),
  );
  const { signature = derSignature } = options;
  if (signature === null) return joined(signed, options.trailer ?? new Uint8Array());
  const der = signature(await signer.sign(signed));
  return joined(signed, uint(2, [options.signatureLength ?? der.length]), der, options.trailer ?? new Uint8Array());
}

/** ECDSA's r and s, side by side, as DER (RFC 3279, section 2.2.3). */
export function derSignature(raw: Bytes): Bytes {
  return derSequence(derInteger(raw.slice(0, 48)), derInteger(raw.slice(48)));
}

export function derSequence(...contents: readonly Bytes[]): Bytes {
  const content = joined(...contents);
  return joined(uint(1, content.length < 128 ? [0x30, content.length] : [0x30, 0x81, content.length]), content);
}

/** @param padding zero bytes more than DER allows */
export function derInteger(digits: Bytes, padding = 0): Bytes {
  const first = digits.findIndex((digit) => digit > 0);
  const shortest = first < 0 ? new Uint8Array(1) : digits.slice(first);
  const zeros = new Uint8Array(padding + ((shortest[0] ?? 0) < 0x80 ? 0 : 1));
  return joined(uint(1, [2, zeros.length + shortest.length]), zeros, shortest);
}

export function toBase64(bytes: Bytes): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

export function joined(...parts: readonly Bytes[]): Bytes {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let position = 0;
  for (const part of parts) {
    all.set(part, position);
    position += part.length;
  }
  return all;
}

/** Big-endian unsigned integers of `size` bytes each. */
export function uint(size: 1 | 2 | 4 | 8, values: readonly number[]): Bytes {
  const bytes = new Uint8Array(size * values.length);
  for (const [index, value] of values.entries()) {
    for (let rest = value, at = size - 1; at >= 0; at -= 1, rest = Math.floor(rest / 256)) {
      bytes[index * size + at] = rest % 256;
    }
  }
  return bytes;
}

export function randomBytes(length: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(length));
}

/** AES-256-GCM: what was encrypted, then the tag. */
export async function encrypt(key: CryptoKey, iv: Bytes, additionalData: Bytes, plaintext: Bytes): Promise<Bytes> {
  return new Uint8Array(await subtle.encrypt({ name: 'AES-GCM', iv, additionalData }, key, plaintext));
}

/** What a message's data key is stretched to. */
export async function derivedKeys(dataKey: Bytes, suite: number, messageId: Bytes, version: 1 | 2) {
  const material = await subtle.importKey('raw', dataKey, 'HKDF', false, ['deriveBits']);
  const derive = async (hash: string, salt: Bytes, info: Bytes) =>
    new Uint8Array(await subtle.deriveBits({ name: 'HKDF', hash, salt, info }, material, 256));
  const suiteBytes = uint(2, [suite]);
  const raw =
    version === 1
      ? await derive('SHA-384', new Uint8Array(), joined(suiteBytes, messageId))
      : await derive('SHA-512', messageId, joined(suiteBytes, utf8.encode('DERIVEKEY')));
  return {
    raw,
    encryptionKey: await subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt']),
    commitment: await derive('SHA-512', messageId, utf8.encode('COMMITKEY')),
  };
}

function contextOf({ context = [], ...options }: ForgeOptions, own: string): Bytes {
  const verificationKey = options.verificationKey === undefined ? own : options.verificationKey;
  const entries = [
    ...context,
    ...(verificationKey === null ? [] : [['aws-crypto-public-key', verificationKey] as const]),
  ].map(([key, value]) =>
    joined(prefixed(typeof key === 'string' ? utf8.encode(key) : key), prefixed(utf8.encode(value))),
  );
  if (entries.length === 0) return uint(2, [0]);
  const body = joined(uint(2, [options.contextCount ?? entries.length]), ...entries);
  return joined(uint(2, [options.contextLength ?? body.length]), body);
}

function prefixed(bytes: Bytes): Bytes {
  return joined(uint(2, [bytes.length]), bytes);
}

async function framesOf(
  { frames = ['4444444444444444'], sequenceNumbers, finalLength }: ForgeOptions,
  messageId: Bytes,
  key: CryptoKey,
): Promise<readonly Bytes[]> {
  return Promise.all(
    frames.map(async (text, index) => {
      const isFinal = index === frames.length - 1;
      const sequenceNumber = sequenceNumbers?.[index] ?? index + 1;
      const plaintext = utf8.encode(text);
      const iv = joined(new Uint8Array(8), uint(4, [sequenceNumber]));
      const data = frameData(messageId, isFinal, sequenceNumber, plaintext.length);
      const encrypted = await encrypt(key, iv, data, plaintext);
      const start = isFinal ? uint(4, [0xffff_ffff, sequenceNumber]) : uint(4, [sequenceNumber]);
      return joined(start, iv, ...(isFinal ? [uint(4, [finalLength ?? plaintext.length])] : []), encrypted);
    }),
  );
}

/** What a frame authenticates beside its content. */
export function frameData(messageId: Bytes, isFinal: boolean, sequenceNumber: number, length: number): Bytes {
  const kind = `AWSKMSEncryptionClient ${isFinal ? 'Final Frame' : 'Frame'}`;
  return joined(messageId, utf8.encode(kind), uint(4, [sequenceNumber]), uint(8, [length]));
}

/** A new ECDSA P-384 key, as each message has one. */
export async function newSigner() {
  const { privateKey, publicKey } = await subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-384' }, true, [
    'sign',
    'verify',
  ]);
  const point = new Uint8Array(await subtle.exportKey('raw', publicKey));
  const compressed = joined(uint(1, [2 + ((point.at(-1) ?? 0) % 2)]), point.slice(1, 49));
  return {
    verificationKey: toBase64(compressed),
    sign: async (data: Bytes) =>
      new Uint8Array(await subtle.sign({ name: 'ECDSA', hash: 'SHA-384' }, privateKey, data)),
  };
}
