/** One element of a DER encoding (ITU-T X.690, section 8.1): tag, length, content. */
export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array<ArrayBuffer>;
  /** Where the element ends, in bytes from the start of the input. */
  readonly end: number;
}

export const derTag = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
} as const;

/** The contents of OBJECT IDENTIFIER elements from RFC 8017, RFC 5480 and RFC 8410. */
export const objectIdentifier = {
  rsaEncryption: new Uint8Array([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01]),
  ecPublicKey: new Uint8Array([0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01]),
  prime256v1: new Uint8Array([0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]),
  x25519: new Uint8Array([0x2b, 0x65, 0x6e]),
} as const;

/** Reads the element at `offset`. Returns `undefined` if it is cut short or its length is not in DER's shortest form. */
export function readDer(bytes: Uint8Array<ArrayBuffer>, offset = 0): DerElement | undefined {
  const tag = bytes[offset];
  const first = bytes[offset + 1];
  if (tag === undefined || first === undefined) return undefined;
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80 || lengthBytes > 3) return undefined;
  const start = offset + 2 + lengthBytes;
  let length = lengthBytes === 0 ? first : 0;
  for (const byte of bytes.subarray(offset + 2, start)) length = length * 256 + byte;
  const shortest = length < 0x80 ? 0 : length < 0x100 ? 1 : length < 0x10000 ? 2 : 3;
  const end = start + length;
  if (lengthBytes !== shortest || end > bytes.length) return undefined;
  return { tag, content: bytes.subarray(start, end), end };
}

/** Reads all elements of a content. Returns `undefined` if they are not DER or bytes are left over. */
export function readDerElements(content: Uint8Array<ArrayBuffer>): readonly DerElement[] | undefined {
  const elements: DerElement[] = [];
  for (let position = 0; position < content.length; ) {
    const element = readDer(content, position);
    if (element === undefined) return undefined;
    elements.push(element);
    position = element.end;
  }
  return elements;
}

export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

/** Writes one element with the joined contents. */
export function writeDer(tag: number, ...contents: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const content = contents.flatMap((part) => [...part]);
  return new Uint8Array([tag, ...lengthOctets(content.length), ...content]);
}

function lengthOctets(length: number): readonly number[] {
  if (length < 0x80) return [length];
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return [0x80 | octets.length, ...octets];
}
