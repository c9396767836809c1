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

/** How many consumers one message is encrypted for in one call. */
export const maxConsumers = 50;

/** Options of {@link createRelay}. */
export interface RelayOptions {
  readonly decryptor: Decryptor;
  readonly consumerStore: ConsumerStore;
  /** Consumers, to be shared with other relays. Default: a cache of its own. */
  readonly consumerCache?: ConsumerCache;
}

/** Options of one `reencrypt` call. */
export interface ReencryptOptions extends DecryptOptions {
  /** What the input is, as the caller names it: `card`. The message itself does not say. */
  readonly field: string;
  /** The names of the consumers to encrypt for, 1 to 50, each once. */
  readonly consumers: readonly string[];
  /** Of the call in which the input was given. */
  readonly contactId?: string;
  /** The consumers that the caller may encrypt for; `*` among them stands for all. */
  readonly allowedConsumers: readonly string[];
  /** The fields that the caller may encrypt. Default: all that the consumers may have. */
  readonly allowedFields?: readonly string[];
  /** Told, and waited for, what became of the input for each consumer. What it throws fails the call: nothing goes out unrecorded. */
  readonly audit?: (record: ReencryptionRecord) => void | Promise<void>;
}

/** What may be logged of one re-encryption: never an input, a ciphertext, or a key. */
export interface ReencryptionRecord {
  readonly contactId: string | null;
  readonly consumer: string;
  readonly field: string;
  readonly code: 'ok' | ErrorCode;
  /** Under which the message was decrypted, or was to be. */
  readonly keyId?: string;
  readonly format?: ConsumerFormat;
  /** The `kid` of the consumer's key that the input was encrypted under. */
  readonly consumerKeyId?: string;
  readonly cause?: RedactedCause;
  /** From the call's start until its end. */
  readonly milliseconds: number;
}

/** What became of an input for a consumer. */
export type ConsumerOutcome =
  | { readonly consumer: string; readonly format: ConsumerFormat; readonly ciphertext: string }
  | { readonly consumer: string; readonly failure: FlowKeysError };

/** The outcome of a re-encryption, by consumer. */
export interface Reencrypted {
  /** In the order of the consumers; each answers for itself. */
  readonly outcomes: readonly ConsumerOutcome[];
  /** What the message was decrypted under; absent where no consumer may have the field, as nothing is decrypted then. */
  readonly decrypted?: Pick<DecryptResult, 'keyId' | 'suite'>;
}

/** Re-encrypts messages for consumers. */
export interface Relay {
  /**
   * Decrypts one message, and encrypts what is in it for each of the consumers.
   *
   * @param ciphertext base64 text, as Connect stores it, or the message's bytes
   * @throws FlowKeysError what {@link Decryptor.decrypt} throws; `invalid_consumer_name`; `invalid_request` when
   *   consumers are absent, too many or named twice, or a field or contact id is none. What keeps one consumer from
   *   being served is in its outcome: `forbidden`, `unknown_consumer`, `invalid_consumer`,
   *   `consumer_store_unavailable`, `deadline_exceeded`
   */
  reencrypt(ciphertext: string | Uint8Array, options: ReencryptOptions): Promise<Reencrypted>;
}

/**
 * Makes a relay: it decrypts what Amazon Connect encrypted, and encrypts it again for the systems that are to read it.
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
    // What is no ciphertext at all is refused whoever asks; how long it may be is for the decryptor to say.
    const bytes = ciphertextBytes(ciphertext, Number.POSITIVE_INFINITY);
    const { consumers, signal } = options;
    // All at once: encrypting is cheap, and there are few.
    const admissions = await settleAll(consumers, signal, (name) => admit(name, options), maxConsumers);
    // Once for all of them, and not at all where none may have it.
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
    const outcomes = ciphertexts.map((outcome, index): ConsumerOutcome => {
      const consumer = options.consumers[index] ?? '';
      if (outcome.status === 'fulfilled') {
        return { consumer, format: outcome.value.consumer.format, ciphertext: outcome.value.ciphertext };
      }
      return { consumer, failure: toFlowKeysError(outcome.reason) };
    });
    // All at once; what one throws at once does not leave the others' failures unhandled.
    await Promise.all(
      outcomes.map(async (outcome, index) => {
        const encrypted = ciphertexts[index];
        const kid = encrypted?.status === 'fulfilled' ? encrypted.value.consumer.kid : undefined;
        await options.audit?.(recordOf(outcome, kid, message?.keyId, options, milliseconds));
      }),
    );
    if (decrypted.status === 'rejected') throw decrypted.reason;
    return { outcomes, ...(message && { decrypted: { keyId: message.keyId, suite: message.suite } }) };
  }

  /** The consumer, if the caller may encrypt the field for it, and it may have the field. */
  async function admit(name: string, options: ReencryptOptions): Promise<CachedConsumer> {
    const { field, allowedConsumers, allowedFields = [everything] } = options;
    // Before any store is asked: who may not encrypt for a consumer does not learn whether there is one.
    if (!allows(allowedConsumers, name)) {
      throw forbidden(`The caller may not encrypt for consumer ${name}`, 'Allow it to the token, or in CONSUMERS.');
    }
    if (!allows(allowedFields, field)) {
      throw forbidden(`The caller may not encrypt field ${field}`, 'Allow it to the token.');
    }
    const known = await cached.read(name, options);
    if (known === undefined) throw unknownConsumer(name);
    return passing(known, options, (consumer) => {
      assertValidity(consumer);
      assertMayHaveField(consumer, field);
    });
  }

  async function encryptDecrypted(known: CachedConsumer, decrypted: DecryptResult, options: ReencryptOptions) {
    const { keyId, plaintext } = decrypted;
    const { consumer } = await passing(known, options, (candidate) => {
      assertMayHaveField(candidate, options.field);
      assertMayHaveKeyId(candidate, keyId);
    });
    return { consumer, ciphertext: await encryptFor(consumer, plaintext, options) };
  }

  /** What passes a check: what is known, or else what the store has now, so that what was just allowed is not refused. */
  async function passing(
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
  throw forbidden(`Consumer ${name} may not have field ${field}`, "Add it to the consumer's fields if it may.");
}

function assertMayHaveKeyId({ name, keyIds }: Consumer, keyId: string): void {
  if (allows(keyIds, keyId)) return;
  const what = `Consumer ${name} may not have what is encrypted under key id ${keyId}`;
  throw forbidden(what, "Add it to the consumer's keyIds if it may.");
}

function assertRequest({ consumers, field, contactId, keyId }: ReencryptOptions): void {
  if (keyId !== undefined) assertKeyId(keyId);
  for (const name of consumers) assertConsumerName(name);
  if (consumers.length === 0) throw invalidRequest('No consumer is named. Name 1 or more.');
  if (consumers.length > maxConsumers) {
    throw invalidRequest(`${consumers.length} consumers are named; at most ${maxConsumers} are served in one call.`);
  }
  if (new Set(consumers).size < consumers.length) throw invalidRequest('A consumer is named twice. Name each once.');
  assertField(field);
  if (contactId !== undefined) assertContactId(contactId);
}

function recordOf(
  outcome: ConsumerOutcome,
  consumerKeyId: string | undefined,
  decryptedUnder: string | undefined,
  { field, ...options }: ReencryptOptions,
  milliseconds: number,
): ReencryptionRecord {
  const { consumer } = outcome;
  const contactId = options.contactId ?? null;
  if ('ciphertext' in outcome) {
    const keyId = decryptedUnder === undefined ? {} : { keyId: decryptedUnder };
    const encryptedUnder = consumerKeyId === undefined ? {} : { consumerKeyId };
    return {
      contactId,
      consumer,
      field,
      code: 'ok',
      ...keyId,
      format: outcome.format,
      ...encryptedUnder,
      milliseconds,
    };
  }
  const { code, keyId = decryptedUnder, cause } = outcome.failure;
  return { contactId, consumer, field, code, ...(keyId && { keyId }), ...(cause && { cause }), milliseconds };
}

function forbidden(what: string, next: string): FlowKeysError {
  return new FlowKeysError('forbidden', `${what}. ${next}`);
}

function unknownConsumer(name: string): FlowKeysError {
  return new FlowKeysError(
    'unknown_consumer',
    `No consumer store holds consumer ${name}. Register it, or check that it is named as it was registered.`,
  );
}

function invalidRequest(message: string): FlowKeysError {
  return new FlowKeysError('invalid_request', message);
}
