export type { LookupBudget } from './cache/lookup-budget.ts';
export type { ContactFlowAnswer, FieldAnswer, FlatAnswer, NestedAnswer } from './connect/answer.ts';
export { cardBrand, lastFour, luhn } from './connect/card.ts';
export type { Check, CheckOutcome } from './connect/check.ts';
export {
  type ConnectRecord,
  type HandledEvent,
  type HandleEventOptions,
  handleContactFlowEvent,
} from './connect/handle-event.ts';
export type { RevealPolicies, RevealPolicy } from './connect/reveal.ts';
export { type ConnectSettings, connectSettings } from './connect/settings.ts';
export { type Use, UseError, type UseInput, type UseOptions, type UseResult, type UseStarted } from './connect/use.ts';
export {
  type Consumer,
  type ConsumerFormat,
  consumerFormats,
  parseConsumer,
} from './consumers/consumer.ts';
export { type ConsumerCache, type ConsumerCacheOptions, createConsumerCache } from './consumers/consumer-cache.ts';
export type { ConsumerStore } from './consumers/consumer-store.ts';
export { withDeadline } from './deadline.ts';
export {
  createDecryptor,
  type DecryptOptions,
  type Decryptor,
  type DecryptorOptions,
  type DecryptResult,
} from './decrypt/decryptor.ts';
export { type DecryptionRecord, errorRecord, successRecord } from './decrypt/record.ts';
export { decodeUtf8 } from './encoding/base64.ts';
export { type ErrorCode, errorCodes, FlowKeysError, type RedactedCause, toFlowKeysError } from './errors.ts';
export type { ContactFlowEvent } from './flow/call/parties.ts';
export { assertConsumerName } from './identifiers.ts';
export { createKeyCache, type KeyCache, type KeyCacheOptions } from './keys/key-cache.ts';
export type { KeyStore } from './keys/key-store.ts';
export type { EncryptedDataKey } from './message/header.ts';
export { inspect, type MessageSummary } from './message/inspect.ts';
export type { SuitePolicy } from './message/suites.ts';
export { encryptFor, type InputLabels, relayProviderId } from './relay/encrypt.ts';
export {
  type ConsumerOutcome,
  createRelay,
  maxConsumers,
  type Reencrypted,
  type ReencryptionRecord,
  type ReencryptOptions,
  type Relay,
  type RelayOptions,
} from './relay/relay.ts';
