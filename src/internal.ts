// What the adapters and the command line need beyond the public surface of index.ts. They import only these two files
// from this folder.

export { encryptMessageAsConnect } from './aws-crypto/encrypt.ts';
export { lookupBudget, tooManyLookups } from './cache/lookup-budget.ts';
export { settleAll } from './concurrency.ts';
export { instanceArnOf } from './connect/event.ts';
export { answerMargin } from './connect/handle-event.ts';
export { consumerList } from './consumers/allow-list.ts';
export { everything } from './consumers/consumer.ts';
export { withinSignal } from './deadline.ts';
export { hex } from './encoding/base64.ts';
export { isRecord, parseJson } from './encoding/json.ts';
export {
  assertKeyId,
  consumerNameForm,
  contactIdForm,
  fieldForm,
  type IdentifierForm,
  isField,
  isKeyId,
  keyIdForm,
} from './identifiers.ts';
export { type CertificateAge, certificateAge, daysLeft } from './keys/certificate.ts';
export { holdsPrivateKey } from './keys/holds-private-key.ts';
export { certificateIn, keyBlocks, keyTextOf, pemText } from './keys/key-text.ts';
export { privateKeyDer } from './keys/private-key.ts';
export { logLine } from './log-line.ts';
export { pastedCiphertext } from './message/ciphertext.ts';
export { type MessagePart, messageParts, type PartName } from './message/parts.ts';
