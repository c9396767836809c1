import { derTag, readDer, writeDer } from './der.ts';

/**
 * Converts DER `SEQUENCE { r INTEGER, s INTEGER }` (RFC 3279, section 2.2.3) to r and s side by side, as Web Crypto takes
 * them. Returns `undefined` for anything but exact DER, so that no altered signature is accepted.
 */
export function rawSignature(
  der: Uint8Array<ArrayBuffer>,
  namedCurve: 'P-256' | 'P-384',
): Uint8Array<ArrayBuffer> | undefined {
  const fieldBytes = namedCurve === 'P-384' ? 48 : 32;
  const sequence = readDer(der);
  if (sequence?.tag !== derTag.sequence || sequence.end !== der.length) return undefined;
  const r = readDer(sequence.content);
  const s = r && readDer(sequence.content, r.end);
  if (r?.tag !== derTag.integer || s?.tag !== derTag.integer || s.end !== sequence.content.length) return undefined;
  const raw = new Uint8Array(2 * fieldBytes);
  for (const [index, { content }] of [r, s].entries()) {
    const digits = positiveInteger(content);
    if (digits === undefined || digits.length > fieldBytes) return undefined;
    raw.set(digits, (index + 1) * fieldBytes - digits.length);
  }
  return raw;
}

/** Converts r and s side by side to DER, the inverse of {@link rawSignature}. */
export function derSignature(raw: Uint8Array): Uint8Array<ArrayBuffer> {
  const half = raw.length / 2;
  const integers = [raw.subarray(0, half), raw.subarray(half)].map((digits) => {
    const shortest = digits.subarray(digits.findIndex((digit) => digit > 0));
    return writeDer(derTag.integer, (shortest[0] ?? 0) < 0x80 ? shortest : Uint8Array.of(0, ...shortest));
  });
  return writeDer(derTag.sequence, ...integers);
}

/** Returns the digits of a positive INTEGER in its shortest form (X.690, section 8.3): a leading zero only before a set bit. */
function positiveInteger(content: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | undefined {
  const [first, second] = content;
  if (first === undefined || first >= 0x80) return undefined;
  if (first > 0) return content;
  return second !== undefined && second >= 0x80 ? content.subarray(1) : undefined;
}
