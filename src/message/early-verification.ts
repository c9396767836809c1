import { publicKeyContextKey } from './header.ts';
import type { Message, SignedPart } from './message.ts';
import { importVerificationKey } from './verification-key.ts';

// Verifying the signature takes as long as unwrapping the data key, and needs nothing of it. The AWS
// packages verify last; here it is started first, while the store or the private key works, and its outcome
// kept until they ask for it. A verification key is imported anew for each message, so it tells which
// message is meant.
const verificationKeys = new WeakMap<Message, Promise<CryptoKey | undefined>>();
const verifications = new WeakMap<CryptoKey, SignedPart & { readonly isValid: Promise<boolean> }>();

type Verify = SubtleCrypto['verify'];

/**
 * The key that verifies a message, `undefined` for an unsigned suite. Who asks first also starts the
 * verification, for `verify` to answer with.
 */
export function verificationKeyOf(message: Message): Promise<CryptoKey | undefined> {
  const known = verificationKeys.get(message);
  if (known !== undefined) return known;
  const key = startVerification(message);
  // Where there is no private key, nobody asks.
  key.catch(() => {});
  verificationKeys.set(message, key);
  return key;
}

async function startVerification({ header, footer }: Message): Promise<CryptoKey | undefined> {
  const compressedPoint = header.encryptionContext[publicKeyContextKey];
  const { signature: scheme } = header.suite;
  if (scheme === undefined) {
    if (compressedPoint !== undefined) throw new Error('An unsigned suite carries a verification key.');
    return undefined;
  }
  const key = compressedPoint && (await importVerificationKey(compressedPoint, scheme.namedCurve));
  if (!key || !footer) throw new Error('The verification key is no point of the curve.');
  const isValid = crypto.subtle.verify({ name: 'ECDSA', hash: scheme.hash }, key, footer.signature, footer.signed);
  isValid.catch(() => {});
  verifications.set(key, { ...footer, isValid });
  return key;
}

/** `SubtleCrypto.verify`, but for the very bytes whose verification was started under this key, that one's outcome. */
export const verify: Verify = (algorithm, key, signature, data) => {
  const started = verifications.get(key);
  if (started === undefined || !sameBytes(started.signature, signature) || !sameBytes(started.signed, data)) {
    return crypto.subtle.verify(algorithm, key, signature, data);
  }
  return started.isValid;
};

function sameBytes(left: Uint8Array, right: BufferSource): boolean {
  if (!(right instanceof Uint8Array) || left.length !== right.length) return false;
  for (let index = 0; index < left.length; index += 1) if (left[index] !== right[index]) return false;
  return true;
}
