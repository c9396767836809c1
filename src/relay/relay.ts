import { settleAll } from '../concurrency.ts';
import { allows, assertValidity, type Consumer, type ConsumerFormat, everything } from '../consumers/consumer.ts';
import {
  type CachedConsumer,
  type ConsumerCache,
  cachedConsumers,
  createConsumerCache,
} from '../consumers/consumer-cache.ts';
import type { ConsumerStore } from '../consumers/consumer-store.ts';
import type { DecryptOptions, Decryptor, DecryptResult } from '../decrypt/decryptor.ts';
import { type ErrorCode, FlowKeysError, type RedactedCause, toFlowKeysError } from '../errors.ts';
import { assertConsumerName, assertContactId, assertField, assertKeyId } from '../identifiers.ts';
import { ciphertextBytes } from '../message/ciphertext.ts';
import { encryptFor } from './encrypt.ts';

/** The most consumers that one call encrypts for. */
export const maxConsumers = 50;

/** Options of {@link createRelay}. */
export interface RelayOptions {
  readonly decryptor: Decryptor;
  readonly consumerStore: ConsumerStore;
  /** Share one between relays. Default: a new cache. */
  readonly consumerCache?: ConsumerCache;
}

/** Options of one `reencrypt` call. */
export interface ReencryptOptions extends DecryptOptions {
  /** The input's name, such as `card`. The message does not contain it. */
  readonly field: string;
  /** The names of 1 to 50 different consumers to encrypt for. */
  readonly consumers: readonly string[];
  /** The id of the contact in which the caller entered the input. */
  readonly contactId?: string;
  /** The consumers that the caller may encrypt for. `*` stands for all. */
  readonly allowedConsumers: readonly string[];
  /** The fields that the caller may encrypt. Default: all fields that the consumers may have. */
  readonly allowedFields?: readonly string[];
  /** Called with the outcome for each consumer, and awaited. If it throws, the call fails, so that nothing is returned unrecorded. */
  readonly audit?: (record: ReencryptionRecord) => void | Promise<void>;
}

/** The log record of one re-encryption. It never contains an input, a ciphertext or a key. */
export interface ReencryptionRecord {
  readonly contactId: string | null;
  readonly consumer: string;
  readonly field: string;
  readonly code: 'ok' | ErrorCode;
  /** The key id of the message. */
  readonly keyId?: string;
  readonly format?: ConsumerFormat;
  /** The `kid` of the consumer's key. */
  readonly consumerKeyId?: string;
  readonly cause?: RedactedCause;
  /** How long the whole call took. */
  readonly milliseconds: number;
}

/** The outcome for one consumer. */
export type ConsumerOutcome =
  | { readonly consumer: string; readonly format: ConsumerFormat; readonly ciphertext: string }
  | { readonly consumer: string; readonly failure: FlowKeysError };

/** The result of a re-encryption. */
export interface Reencrypted {
  /** One for each consumer, in the order of the request. */
  readonly outcomes: readonly ConsumerOutcome[];
  /** How the message was decrypted. Absent when no consumer may have the field, as nothing is decrypted then. */
  readonly decrypted?: Pick<DecryptResult, 'keyId' | 'suite'>;
}

/** Re-encrypts messages for consumers. */
export interface Relay {
  /**
   * Decrypts one message and encrypts its content for each of the consumers.
   *
   * @param ciphertext base64 text, as Connect stores it, or the message's bytes
   * @throws FlowKeysError the errors of {@link Decryptor.decrypt}; `invalid_consumer_name`; `invalid_request` when
   *   there are no consumers, too many or duplicates, or the field or contact id is invalid. An error that concerns
   *   one consumer is in its outcome: `forbidden`, `unknown_consumer`, `invalid_consumer`,
   *   `consumer_store_unavailable`, `deadline_exceeded`
   */
  reencrypt(ciphertext: string | Uint8Array, options: ReencryptOptions): Promise<Reencrypted>;
}

/**
 * Creates a relay, which decrypts what Amazon Connect encrypted and re-encrypts it for other systems.
 *
 * @example
 * const relay = createRelay({ decryptor: createDecryptor({ keyStore }), consumerStore });
 * const { outcomes } = await relay.reencrypt(ciphertext, {
 *   field: 'card',
 *   consumers: ['billing', 'fraud-check'],
 *   allowedConsumers: ['billing', 'fraud-check'],
 * });
 */
export function createRelay({ decryptor, consumerStore, consumerCache = createConsumerCache() }: RelayOptions): Relay {
  const cached = cachedConsumers(consumerStore, consumerCache);

  async function reencrypt(ciphertext: string | Uint8Array, options: ReencryptOptions): Promise<Reencrypted> {
    const started = performance.now();
    assertRequest(options);
    // Invalid base64 is rejected whoever asks. The decryptor checks the length.
    const bytes = ciphertextBytes(ciphertext, Number.POSITIVE_INFINITY);
    const { consumers, signal } = options;
    // All at once, as encrypting is cheap.
    const admissions = await settleAll(consumers, signal, (name) => admit(name, options), maxConsumers);
    // Decrypt once for all of them, and only if one may have it.
    let decryption: Promise<DecryptResult> | undefined;
    const encrypt = async (admission: PromiseSettledResult<CachedConsumer>) => {
      if (admission.status === 'rejected') throw admission.reason;
      decryption ??= decryptor.decrypt(bytes, options);
      return encryptDecrypted(admission.value, await decryption, options);
    };
    const ciphertexts = await settleAll(admissions, signal, encrypt, maxConsumers);
    const [decrypted] = await Promise.allSettled([decryption]);
    const message = decrypted.status === 'fulfilled' ? decrypted.value : undefined;
    message?.plaintext.fill(0);
    const milliseconds = Math.round(performance.now() - started);
    const { contactId = null, field, audit } = options;
    const served = await Promise.all(
      ciphertexts.map(async (settled, index): Promise<ConsumerOutcome> => {
        const { outcome, record } = outcomeOf(settled, message?.keyId);
        const consumer = consumers[index] ?? '';
        await audit?.({ contactId, consumer, field, ...record, milliseconds });
        return { consumer, ...outcome };
      }),
    );
    if (decrypted.status === 'rejected') throw decrypted.reason;
    return { outcomes: served, ...(message && { decrypted: { keyId: message.keyId, suite: message.suite } }) };
  }

  /** Reads the consumer, if the caller may encrypt the field for it and it may have the field. */
  async function admit(name: string, options: ReencryptOptions): Promise<CachedConsumer> {
    const { field, allowedConsumers, allowedFields = [everything] } = options;
    // Before the store is asked, so that the caller does not learn whether the consumer exists.
    if (!allows(allowedConsumers, name)) {
      throw forbidden(`The caller may not encrypt for consumer ${name}`, 'Allow it for the token or in CONSUMERS.');
    }
    if (!allows(allowedFields, field)) {
      throw forbidden(`The caller may not encrypt field ${field}`, 'Allow it for the token.');
    }
    const known = await cached.read(name, options);
    if (known === undefined) {
      throw new FlowKeysError(
        'unknown_consumer',
        `Consumer ${name} is not registered. Register it, or check its name.`,
      );
    }
    return checked(known, options, (consumer) => {
      assertValidity(consumer);
      assertMayHaveField(consumer, field);
    });
  }

  async function encryptDecrypted(known: CachedConsumer, decrypted: DecryptResult, options: ReencryptOptions) {
    const { keyId, plaintext } = decrypted;
    const { consumer } = await checked(known, options, (candidate) => {
      assertMayHaveField(candidate, options.field);
      assertMayHaveKeyId(candidate, keyId);
    });
    return { consumer, ciphertext: await encryptFor(consumer, plaintext, options) };
  }

  /** Checks the cached consumer. If it is refused, checks what the store has now, so that a new permission takes effect. */
  async function checked(
    known: CachedConsumer,
    options: ReencryptOptions,
    check: (consumer: Consumer) => void,
  ): Promise<CachedConsumer> {
    try {
      check(known.consumer);
      return known;
    } catch (refusal) {
      const newer = await cached.tryReadNewer(known.consumer.name, known, options);
      if (newer === undefined) throw refusal;
      check(newer.consumer);
      return newer;
    }
  }

  return { reencrypt };
}

function assertMayHaveField({ name, fields }: Consumer, field: string): void {
  if (allows(fields, field)) return;
  throw forbidden(
    `Consumer ${name} may not have field ${field}`,
    "To allow it, add the field to the consumer's document.",
  );
}

function assertMayHaveKeyId({ name, keyIds }: Consumer, keyId: string): void {
  if (allows(keyIds, keyId)) return;
  const what = `Consumer ${name} may not have messages of key id ${keyId}`;
  throw forbidden(what, "To allow it, add the key id to the consumer's document.");
}

function assertRequest({ consumers, field, contactId, keyId }: ReencryptOptions): void {
  if (keyId !== undefined) assertKeyId(keyId);
  for (const name of consumers) assertConsumerName(name);
  if (consumers.length === 0) throw invalidRequest('The request names no consumer. Name at least one.');
  if (consumers.length > maxConsumers) {
    throw invalidRequest(`The request names ${consumers.length} consumers. Name at most ${maxConsumers} in one call.`);
  }
  if (new Set(consumers).size < consumers.length)
    throw invalidRequest('The request names a consumer twice. Name each once.');
  assertField(field);
  if (contactId !== undefined) assertContactId(contactId);
}

interface Encrypted {
  readonly consumer: Consumer;
  readonly ciphertext: string;
}

/** The outcome for a consumer and its part of the log record, both without the consumer's name. */
function outcomeOf(settled: PromiseSettledResult<Encrypted>, decryptedUnder: string | undefined) {
  if (settled.status === 'rejected') {
    const failure = toFlowKeysError(settled.reason);
    const { code, keyId = decryptedUnder, cause } = failure;
    return { outcome: { failure }, record: { code, ...(keyId && { keyId }), ...(cause && { cause }) } };
  }
  const { ciphertext, consumer } = settled.value;
  const { format, kid: consumerKeyId } = consumer;
  const keyId = decryptedUnder && { keyId: decryptedUnder };
  return { outcome: { format, ciphertext }, record: { code: 'ok' as const, ...keyId, format, consumerKeyId } };
}

function forbidden(what: string, next: string): FlowKeysError {
  return new FlowKeysError('forbidden', `${what}. ${next}`);
}

function invalidRequest(message: string): FlowKeysError {
  return new FlowKeysError('invalid_request', message);
}
