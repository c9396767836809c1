import { FlowKeysError } from '../errors.ts';
import { assertKeyId } from '../identifiers.ts';
import type { MessageHeader } from '../message/header.ts';

/** The key ids to try: the given one, or else all that the message names for the provider, in its order. */
export function keyIdsOf(
  { encryptedDataKeys }: MessageHeader,
  providerId: string,
  given: string | undefined,
): readonly string[] {
  const named = encryptedDataKeys.filter((key) => key.providerId === providerId).map((key) => key.providerInfo);
  if (named.length === 0) {
    throw new FlowKeysError(
      'unsupported_message',
      `The message holds no data key of provider ${providerId}: it was not encrypted by a flow security key.`,
    );
  }
  const keyIds = [...new Set(named)];
  if (given !== undefined && keyIds.includes(given)) return [given];
  for (const keyId of keyIds) assertKeyId(keyId);
  if (given === undefined) return keyIds;
  // The given one is not repeated: what is no key id of the message may be a secret in the wrong parameter.
  const keyId = keyIds.join(', ');
  throw new FlowKeysError(
    'key_id_mismatch',
    `The message is encrypted for key id ${keyId}, not for the given one. Pass the key id of the flow's Store customer input block.`,
    { keyId },
  );
}

export function allowedAmong(keyIds: readonly string[], allowed: readonly string[] | undefined): readonly string[] {
  if (allowed === undefined) return keyIds;
  const usable = keyIds.filter((keyId) => allowed.includes(keyId));
  if (usable.length > 0) return usable;
  const keyId = keyIds.join(', ');
  const message = `The caller may not use key id ${keyId}. Call with a token that may, or allow it to this one.`;
  throw new FlowKeysError('forbidden', message, { keyId });
}
