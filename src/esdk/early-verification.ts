import type { SignedPart } from '../message/message.ts';

// Verifying the signature takes as long as unwrapping the data key, and needs nothing of it. The AWS
// packages verify last; here it is started first, and its outcome kept until they ask for it. A
// verification key is imported anew for each message, so it tells which message is meant.
const verifications = new WeakMap<CryptoKey, SignedPart & { readonly isValid: Promise<boolean> }>();

type Verify = SubtleCrypto['verify'];

/** Starts to verify a message's signature, for `verify` to answer with. */
export function startVerification(algorithm: EcdsaParams, key: CryptoKey, { signature, signed }: SignedPart): void {
  const isValid = crypto.subtle.verify(algorithm, key, signature, signed);
  // Where unwrapping fails, nobody asks.
  isValid.catch(() => {});
  verifications.set(key, { signature, signed, isValid });
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
