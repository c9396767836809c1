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

// A rotation needs two: the stored key and the one that replaces it. Each costs a private-key operation.
const maxPrivateKeys = 3;

/** Options of {@link createDecryptor}. */
export interface DecryptorOptions {
  readonly keyStore: KeyStore;
  /** Imported keys, to be shared with other decryptors. Default: a cache of its own. */
  readonly keyCache?: KeyCache;
  /** Default: `connect`. */
  readonly suites?: SuitePolicy;
  /** The provider id of the encrypted data keys to use. Default: `AmazonConnect`. */
  readonly providerId?: string;
  /** The longest message that is looked at, in bytes. Default: 65,536. */
  readonly maxCiphertextBytes?: number;
}

/** Options of one `decrypt` call. */
export interface DecryptOptions {
  /** The key id that the message must name. Default: what it names. */
  readonly keyId?: string;
  /** The key ids that the caller may use. Default: all. */
  readonly allowedKeyIds?: readonly string[];
  /** Aborted when the caller no longer waits. */
  readonly signal?: AbortSignal;
  /** How many key ids may be looked up of which nothing is known. Default: any number. */
  readonly lookupBudget?: LookupBudget;
}

/** A decrypted message. */
export interface DecryptResult {
  /** What the caller typed; UTF-8 text where Connect made the message. */
  readonly plaintext: Uint8Array;
  /** The key id under which the message was decrypted. */
  readonly keyId: string;
  /** The algorithm suite's id, four hexadecimal digits: `0378` where Connect made the message. */
  readonly suite: string;
  readonly encryptionContext: Readonly<Record<string, string>>;
  /** Tells messages apart, as a ciphertext's text does not: 32 hexadecimal digits, or 64 in message version 2. */
  readonly messageId: string;
  /** Length of the message, in bytes. */
  readonly messageBytes: number;
}

/** Decrypts messages under the private keys of one key store. */
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
 * Makes a decryptor of what Amazon Connect encrypted with a flow security key.
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
        // A key that cannot be had now does not keep another one from opening the message.
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
    throw failed === undefined ? unknownKey(keyIds) : decryptionFailed(keyIds, failed);
  }

  /** `undefined` where no store has a private key for the key id. */
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

/** The key ids to try: the given one, or else all that the message names for the provider, in its order. */
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
      `The message is whole, but holds no data key of provider ${providerId} (${found}): no flow security key encrypted it. Pass what the Store customer input block stored.`,
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

function allowedAmong(keyIds: readonly string[], allowed: readonly string[] | undefined): readonly string[] {
  if (allowed === undefined) return keyIds;
  const usable = keyIds.filter((keyId) => allowed.includes(keyId));
  if (usable.length > 0) return usable;
  const keyId = keyIds.join(', ');
  const message = `The caller may not use key id ${keyId}. Call with a token that may, or allow it to this one.`;
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
    `The message cannot be decrypted under key id ${keyId}: it was altered, the stored private key is not the one that belongs to it, or its data key was wrapped with other padding than RSA-OAEP with SHA-512.`,
    { keyId, ...('cause' in failed && { cause: failed.cause }) },
  );
}

function unknownKey(keyIds: readonly string[]): FlowKeysError {
  const keyId = keyIds.join(', ');
  return new FlowKeysError(
    'unknown_key',
    `No key store holds a private key for key id ${keyId}. Store it there, or check that the flow names a key of this environment.`,
    { keyId },
  );
}
