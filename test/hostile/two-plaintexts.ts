import {
  type Bytes,
  derivedKeys,
  derSignature,
  type EncryptedDataKey,
  encrypt,
  frameData,
  joined,
  newSigner,
  randomBytes,
  uint,
} from './forge.ts';

/**
 * A message of suite 0378 with one valid signature that opens under two data keys to two plaintexts: the suite does not
 * commit to its data key. AES-GCM's tag is linear in each block, so one free block of what the header authenticates (in a
 * third encrypted data key, of another provider) and one of the body make both tags those of both keys.
 *
 * @param dataKeys each with its encrypted form
 * @see https://eprint.iacr.org/2020/1456 on key commitment
 */
export async function twoPlaintexts(
  dataKeys: readonly { readonly dataKey: Bytes; readonly encrypted: EncryptedDataKey }[],
): Promise<Bytes> {
  const messageId = randomBytes(16);
  const keys = await Promise.all(dataKeys.map(({ dataKey }) => derivedKeys(dataKey, 0x0378, messageId, 1)));
  const signer = await newSigner();
  const context = joined(text('aws-crypto-public-key'), text(signer.verificationKey));
  const start = joined(
    uint(1, [1, 0x80]),
    uint(2, [0x0378]),
    messageId,
    uint(2, [context.length + 2, 1]),
    context,
    uint(2, [dataKeys.length + 1]),
    ...dataKeys.flatMap(({ encrypted: { providerId, providerInfo, bytes } }) => [
      text(providerId),
      text(providerInfo),
      joined(uint(2, [bytes.length]), bytes),
    ]),
    text('elsewhere'),
    text('x'),
  );
  // Zeros until a block begins, then the free block.
  const position = Math.ceil((start.length + 2) / 16) * 16;
  const padding = position - start.length - 2;
  const withBlock = (block: Bytes) =>
    joined(
      start,
      uint(2, [padding + 16]),
      new Uint8Array(padding),
      block,
      uint(1, [2]),
      uint(4, [0]),
      uint(1, [12]),
      uint(4, [4_096]),
    );
  const iv = new Uint8Array(12);
  const headerTag = (header: Bytes) => Promise.all(keys.map((key) => encrypt(key.encryptionKey, iv, header, empty)));
  const header = withBlock(await freeBlock(keys, withBlock(empty16), position, empty, headerTag(withBlock(empty16))));
  const [tag = empty] = await headerTag(header);

  // Two blocks: what the first key reads as digits, and the free one.
  const frameIv = joined(new Uint8Array(8), uint(4, [1]));
  const data = frameData(messageId, true, 1, 32);
  const [first] = keys;
  if (first === undefined) throw new Error('There are no data keys.');
  const digits = joined(new TextEncoder().encode('4111111111111111'), empty16);
  const body = (await encrypt(first.encryptionKey, frameIv, data, digits)).slice(0, 16);
  const tags = (content: Bytes) => Promise.all(keys.map(({ raw }) => tagOf(raw, frameIv, data, content)));
  const content = joined(body, await freeBlock(keys, data, 16, joined(body, empty16), tags(joined(body, empty16))));
  const [frameTag = empty] = await tags(content);

  const signed = joined(header, iv, tag, uint(4, [0xffff_ffff, 1]), frameIv, uint(4, [32]), content, frameTag);
  const der = derSignature(await signer.sign(signed));
  return joined(signed, uint(2, [der.length]), der);
}

const empty = new Uint8Array();
const empty16 = new Uint8Array(16);

function text(value: string): Bytes {
  const bytes = new TextEncoder().encode(value);
  return joined(uint(2, [bytes.length]), bytes);
}

/** The block at `position`, of the additional data or of the content, with which both keys have the same tag. */
async function freeBlock(
  keys: readonly { readonly raw: Bytes }[],
  data: Bytes,
  position: number,
  content: Bytes,
  tags: Promise<readonly Bytes[]>,
): Promise<Bytes> {
  const [one = 0n, other = 0n] = (await tags).map((tag) => toField(tag.slice(-16)));
  const subkeys = await Promise.all(keys.map(async ({ raw }) => toField(await block(raw, empty16))));
  // GHASH's blocks: the additional data, the content, the lengths. Each counts with a power of the subkey.
  const dataBlocks = Math.ceil(data.length / 16);
  const all = dataBlocks + Math.ceil(content.length / 16) + 1;
  const at = content.length > 0 ? dataBlocks + position / 16 : position / 16;
  const [left = 0n, right = 0n] = subkeys.map((subkey) => power(subkey, BigInt(all - at)));
  return fromField(multiply(one ^ other, power(left ^ right, 2n ** 128n - 2n)));
}

/** AES of one block, by way of CTR. */
async function block(raw: Bytes, input: Bytes): Promise<Bytes> {
  const key = await crypto.subtle.importKey('raw', raw, 'AES-CTR', false, ['encrypt']);
  return new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-CTR', counter: input, length: 32 }, key, empty16));
}

/** The tag of AES-GCM over a ciphertext: NIST SP 800-38D, section 7.2. */
async function tagOf(raw: Bytes, iv: Bytes, data: Bytes, content: Bytes): Promise<Bytes> {
  const subkey = toField(await block(raw, empty16));
  const padded = (bytes: Bytes) => joined(bytes, new Uint8Array((16 - (bytes.length % 16)) % 16));
  const hashed = joined(padded(data), padded(content), uint(8, [data.length * 8, content.length * 8]));
  let hash = 0n;
  for (let start = 0; start < hashed.length; start += 16) {
    hash = multiply(hash ^ toField(hashed.slice(start, start + 16)), subkey);
  }
  return fromField(hash ^ toField(await block(raw, joined(iv, uint(4, [1])))));
}

// GF(2^128) as GCM has it: the first bit of a block is the coefficient of x^0.
function toField(bytes: Bytes): bigint {
  return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

function fromField(value: bigint): Bytes {
  return Uint8Array.from({ length: 16 }, (_, index) => Number((value >> BigInt(8 * (15 - index))) & 0xffn));
}

function multiply(left: bigint, right: bigint): bigint {
  let product = 0n;
  let shifted = right;
  for (let bit = 127n; bit >= 0n; bit -= 1n) {
    if ((left >> bit) & 1n) product ^= shifted;
    shifted = shifted & 1n ? (shifted >> 1n) ^ (0xe1n << 120n) : shifted >> 1n;
  }
  return product;
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n << 127n;
  let square = base;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = multiply(result, square);
    square = multiply(square, square);
  }
  return result;
}
