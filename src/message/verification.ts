import { decodeBase64, hex } from '../encoding/base64.ts';
import { publicKeyContextKey } from './header.ts';
import type { Message } from './message.ts';

type NamedCurve = 'P-256' | 'P-384';

/** The outcome of verifying a signature; `none` for an unsigned suite. */
export type Signature = 'valid' | 'invalid' | 'none';

/** Verifies the signature of one message on the first call. Later calls return the same outcome. */
export type Verification = () => Promise<Signature>;

export function verificationOf(message: Message): Verification {
  let signature: Promise<Signature> | undefined;
  return () => {
    signature ??= verifySignature(message);
    return signature;
  };
}

/**
 * Verifies a message's signature with the key in its encryption context, so no private key is needed. The signature
 * proves that header and body were not altered, not who signed them.
 */
async function verifySignature({ header, footer }: Message): Promise<Signature> {
  const { signature: scheme } = header.suite;
  const compressedPoint = header.encryptionContext[publicKeyContextKey];
  // The signature was removed from an unsigned message that contains a verification key.
  if (scheme === undefined) return compressedPoint === undefined ? 'none' : 'invalid';
  if (footer === undefined || compressedPoint === undefined) return 'invalid';
  // A decryption runs this while it unwraps the data key. `unwrapKey` must start first, because it runs on another
  // thread and `importKey` blocks this one.
  await undefined;
  const key = await importVerificationKey(compressedPoint, scheme.namedCurve);
  if (key === undefined) return 'invalid';
  const algorithm = { name: 'ECDSA', hash: scheme.hash };
  return (await crypto.subtle.verify(algorithm, key, footer.signature, footer.signed)) ? 'valid' : 'invalid';
}

/**
 * Imports the compressed point (SEC 1, section 2.3.3; base64) that a signed message's context carries.
 * Returns `undefined` if it is not a point on the curve.
 */
async function importVerificationKey(compressedPoint: string, namedCurve: NamedCurve): Promise<CryptoKey | undefined> {
  const point = decodePoint(compressedPoint, curves[namedCurve].fieldBytes);
  if (point === undefined) return undefined;
  try {
    return await importPoint(point, namedCurve);
  } catch {
    // Web Crypto lets each runtime decide whether it imports compressed points. Safari does not.
    const uncompressed = decompress(point, curves[namedCurve]);
    return uncompressed && importPoint(uncompressed, namedCurve);
  }
}

function importPoint(point: Uint8Array<ArrayBuffer>, namedCurve: NamedCurve): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', point, { name: 'ECDSA', namedCurve }, false, ['verify']);
}

function decodePoint(base64: string, fieldBytes: number): Uint8Array<ArrayBuffer> | undefined {
  const point = decodeBase64(base64);
  return point?.length === 1 + fieldBytes && (point[0] === 2 || point[0] === 3) ? point : undefined;
}

interface Curve {
  readonly fieldBytes: number;
  readonly p: bigint;
  readonly b: bigint;
}

// NIST SP 800-186, sections 3.2.1.3 and 3.2.1.4; a is -3 for both.
const curves: Readonly<Record<NamedCurve, Curve>> = {
  'P-256': {
    fieldBytes: 32,
    p: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  },
  'P-384': {
    fieldBytes: 48,
    p: 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffffn,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
  },
};

/** SEC 1, section 2.3.4. Both primes are 3 modulo 4, so a square root is one exponentiation. */
function decompress(point: Uint8Array<ArrayBuffer>, { p, b, fieldBytes }: Curve): Uint8Array<ArrayBuffer> | undefined {
  const x = BigInt(`0x${hex(point.subarray(1))}`);
  const ySquared = (x ** 3n - 3n * x + b) % p;
  const root = power(ySquared, (p + 1n) / 4n, p);
  if (x >= p || (root * root) % p !== ySquared) return undefined;
  const y = Number(root & 1n) === (point[0] ?? 0) - 2 ? root : p - root;
  const digits = y.toString(16).padStart(2 * fieldBytes, '0');
  const uncompressed = new Uint8Array(1 + 2 * fieldBytes);
  uncompressed[0] = 4;
  uncompressed.set(point.subarray(1), 1);
  uncompressed.set(digits.match(/../g)?.map((pair) => Number.parseInt(pair, 16)) ?? [], 1 + fieldBytes);
  return uncompressed;
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base % modulus;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}
