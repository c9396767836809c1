import { type Decryption, decryptMessage } from '../aws-crypto/decrypt.ts';
import type { LookupBudget } from '../cache/lookup-budget.ts';
import { assertInTime } from '../deadline.ts';
import { FlowKeysError } from '../errors.ts';
import { assertKeyId } from '../identifiers.ts';
import { type CachedKeys, cachedKeyStore, createKeyCache, type KeyCache } from '../keys/key-cache.ts';
import type { KeyStore } from '../keys/key-store.ts';
import { ciphertextBytes } from '../message/ciphertext.ts';
import type { MessageHeader } from '../message/header.ts';
import { defaultMaxCiphertextBytes } from '../message/inspect.ts';
import { type Message, parseMessage } from '../message/message.ts';
import { messagePolicies, type SuitePolicy } from '../message/suites.ts';
import { type Verification, verificationOf } from '../message/verification.ts';

// During a rotation there are two: the stored key and its replacement. Each attempt is a private-key operation.
const maxPrivateKeys = 3;

/** Options of {@link createDecryptor}. */
export interface DecryptorOptions {
  readonly keyStore: KeyStore;
  /** Imported keys, which several decryptors can share. Default: a new cache. */
  readonly keyCache?: KeyCache;
  /** Default: `connect`. */
  readonly suites?: SuitePolicy;
  /** The provider id of the encrypted data keys to use. Default: `AmazonConnect`. */
  readonly providerId?: string;
  /** The largest accepted message, in bytes. Default: 65,536. */
  readonly maxCiphertextBytes?: number;
}

/** Options of one `decrypt` call. */
export interface DecryptOptions {
  /** The key id that the message must name. Default: any. */
  readonly keyId?: string;
  /** The key ids that the caller is allowed to use. Default: all. */
  readonly allowedKeyIds?: readonly string[];
  /** Aborts when the caller no longer waits. */
  readonly signal?: AbortSignal;
  /** Limits lookups of unknown key ids. Default: no limit. */
  readonly lookupBudget?: LookupBudget;
}

/** A decrypted message. */
export interface DecryptResult {
  /** What the caller typed. UTF-8 text if Connect made the message. */
  readonly plaintext: Uint8Array;
  /** The key id under which the message was decrypted. */
  readonly keyId: string;
  /** The algorithm suite's id, four hexadecimal digits: `0378` if Connect made the message. */
  readonly suite: string;
  readonly encryptionContext: Readonly<Record<string, string>>;
  /** Identifies the message, unlike the ciphertext's text: 32 hexadecimal digits, or 64 in message version 2. */
  readonly messageId: string;
  /** Length of the message, in bytes. */
  readonly messageBytes: number;
}

/** Decrypts messages with the private keys of one key store. */
export interface Decryptor {
  /**
   * Decrypts one message.
   *
   * @param ciphertext base64 text, as Connect stores it, or the message's bytes
   * @throws FlowKeysError `missing_parameter`, `no_caller_input`, `malformed_ciphertext`,
   *   `unsupported_message`, `key_id_mismatch`, `invalid_key_id`, `unknown_key`, `invalid_private_key`,
   *   `decryption_failed`, `key_store_unavailable`, `deadline_exceeded`, `forbidden`
   */
  decrypt(ciphertext: string | Uint8Array, options?: DecryptOptions): Promise<DecryptResult>;
}

/**
 * Creates a decryptor for what Amazon Connect encrypted with a flow security key.
 *
 * @example
 * const decryptor = createDecryptor({ keyStore: ssmKeyStore({ region: 'eu-central-1' }) });
 * const { plaintext } = await decryptor.decrypt(ciphertext, { signal: AbortSignal.timeout(5_000) });
 */
export function createDecryptor({
  keyStore,
  keyCache = createKeyCache(),
  suites = 'connect',
  providerId = 'AmazonConnect',
  maxCiphertextBytes = defaultMaxCiphertextBytes,
}: DecryptorOptions): Decryptor {
  const keys = cachedKeyStore(keyStore, keyCache);

  async function decrypt(ciphertext: string | Uint8Array, options: DecryptOptions = {}): Promise<DecryptResult> {
    const { keyId, allowedKeyIds, signal } = options;
    if (keyId !== undefined) assertKeyId(keyId);
    const message = parseMessage(ciphertextBytes(ciphertext, maxCiphertextBytes), messagePolicies[suites]);
    const keyIds = allowedAmong(keyIdsOf(message.header, providerId, keyId), allowedKeyIds);
    const verify = verificationOf(message);
    let failed: Decryption | undefined;
    let failure: unknown;
    for (const candidate of keyIds) {
      assertInTime(signal);
      try {
        const decryption = await decryptUnder(candidate, message, verify, options);
        if (decryption?.outcome === 'decrypted') return result(message, candidate, decryption.plaintext);
        failed ??= decryption;
      } catch (error) {
        // While one key is unavailable, another one may still decrypt the message.
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
    throw failed === undefined ? unknownKey(keyIds) : decryptionFailed(keyIds, failed);
  }

  /** Returns `undefined` if no store has a private key for the key id. */
  async function decryptUnder(
    keyId: string,
    message: Message,
    verify: Verification,
    options: DecryptOptions,
  ): Promise<Decryption | undefined> {
    const { signal } = options;
    const cached = await keys.read(keyId, options);
    if (cached === undefined) return undefined;
    const tried = privateKeysOf(cached).slice(0, maxPrivateKeys);
    const first = await decryptMessage(message, { providerId, keyId, privateKeys: tried, signal }, verify);
    if (first.outcome !== 'not-unwrapped') return first;
    const newer = await keys.readNewer(keyId, cached, options);
    const untried = newer ? privateKeysOf(newer).filter((key) => !tried.includes(key)) : [];
    if (untried.length === 0) return first;
    const privateKeys = untried.slice(0, maxPrivateKeys);
    return decryptMessage(message, { providerId, keyId, privateKeys, signal }, verify);
  }

  return { decrypt };
}

/** Returns the key ids to try: the given one, or all that the message names for the provider, in its order. */
function keyIdsOf(
  { encryptedDataKeys }: MessageHeader,
  providerId: string,
  given: string | undefined,
): readonly string[] {
  const named = encryptedDataKeys.filter((key) => key.providerId === providerId).map((key) => key.providerInfo);
  if (named.length === 0) {
    const others = encryptedDataKeys.map((key) => key.providerId).filter((id) => /^[\w.-]{1,40}$/.test(id));
    const found =
      others.length > 0 ? `its data keys are of provider ${[...new Set(others)].join(', ')}` : 'it has none';
    throw new FlowKeysError(
      'unsupported_message',
      `The message is complete, but has no data key of provider ${providerId} (${found}), so it was not encrypted with a flow security key. Pass what the Store customer input block stored.`,
    );
  }
  const keyIds = [...new Set(named)];
  if (given !== undefined && keyIds.includes(given)) return [given];
  for (const keyId of keyIds) assertKeyId(keyId);
  if (given === undefined) return keyIds;
  // Never repeat the given one: it may be a secret that was passed in the wrong parameter.
  const keyId = keyIds.join(', ');
  throw new FlowKeysError(
    'key_id_mismatch',
    `The message is encrypted for key id ${keyId}, not for the given one. Pass the key id of the flow's Store customer input block.`,
    { keyId },
  );
}

function allowedAmong(keyIds: readonly string[], allowed: readonly string[] | undefined): readonly string[] {
  if (allowed === undefined) return keyIds;
  const usable = keyIds.filter((keyId) => allowed.includes(keyId));
  if (usable.length > 0) return usable;
  const keyId = keyIds.join(', ');
  const message = `The caller is not allowed to use key id ${keyId}. Use a token that is, or allow the key id for this one.`;
  throw new FlowKeysError('forbidden', message, { keyId });
}

function privateKeysOf({ pems }: CachedKeys): readonly CryptoKey[] {
  return pems.flatMap(({ privateKeys }) => privateKeys);
}

function result({ header, bytes }: Message, keyId: string, plaintext: Uint8Array): DecryptResult {
  return {
    plaintext,
    keyId,
    suite: header.suite.id,
    encryptionContext: header.encryptionContext,
    messageId: header.messageId,
    messageBytes: bytes.length,
  };
}

function decryptionFailed(keyIds: readonly string[], failed: Decryption): FlowKeysError {
  const keyId = keyIds.join(', ');
  return new FlowKeysError(
    'decryption_failed',
    `The message cannot be decrypted under key id ${keyId}: it was altered, it was encrypted for another key than the stored one, or its data key was not wrapped with RSA-OAEP and SHA-512.`,
    { keyId, ...('cause' in failed && { cause: failed.cause }) },
  );
}

function unknownKey(keyIds: readonly string[]): FlowKeysError {
  const keyId = keyIds.join(', ');
  return new FlowKeysError(
    'unknown_key',
    `No key store has a private key for key id ${keyId}. Store it, or check that the flow uses a key of this environment.`,
    { keyId },
  );
}
