/** One element of a DER encoding (ITU-T X.690, section 8.1): tag, length, content. */
export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array<ArrayBuffer>;
  /** Where the element ends, in bytes from the start of the text that was read. */
  readonly end: number;
}

export const derTag = { integer: 0x02, octetString: 0x04, null: 0x05, objectIdentifier: 0x06, sequence: 0x30 } as const;

/** Reads the element at `offset`; `undefined` when it is cut short or its length is not DER's shortest form. */
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

/** Writes one element; `contents` are joined. */
export function writeDer(tag: number, ...contents: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const length = contents.reduce((sum, content) => sum + content.length, 0);
  const size = length < 0x80 ? [length] : lengthOctets(length);
  const written = new Uint8Array(1 + size.length + length);
  written[0] = tag;
  written.set(size, 1);
  let position = 1 + size.length;
  for (const content of contents) {
    written.set(content, position);
    position += content.length;
  }
  return written;
}

function lengthOctets(length: number): readonly number[] {
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return [0x80 | octets.length, ...octets];
}
