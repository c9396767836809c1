import { isRecord } from '../encoding/json.ts';
import { FlowKeysError } from '../errors.ts';
import { luhn } from './card.ts';

// Recognizes inputs that were not encrypted, and events that are not from a contact flow.

/** Words in the names of parameters and attributes whose digits are a caller's input. */
export const inputWords: ReadonlySet<string> = new Set(
  'card cardnumber creditcard pan cvc cvc2 cvv cvv2 cv2 csc pin expiry expiration exp expdate account accountnumber iban ssn securitycode'.split(
    ' ',
  ),
);

/** Words that mark digits as something else, whatever other words the name contains. */
export const otherWords: ReadonlySet<string> = new Set(
  `amount total price zip postal postcode order invoice ticket case language locale phone telephone tel mobile cell fax caller
  callback ani dnis extension date time timestamp attempt count quantity type brand status last4 lastfour length id`.split(
    /\s+/,
  ),
);

const telephoneKeys = /^[\d*#]+$/;

/** Returns whether a value consists of telephone keys, as the caller typed them. */
export function isTyped(value: unknown): boolean {
  return typeof value === 'string' && telephoneKeys.test(value.trim());
}

/**
 * Returns whether a parameter or attribute is an input that was not encrypted: a card number by its check digit, or three
 * to twenty keys under a name with one of {@link inputWords}. JSON numbers are ignored, as Connect passes strings.
 */
export function isUnencrypted(name: string, value: unknown): boolean {
  if (typeof value !== 'string' || !isTyped(value)) return false;
  const text = value.trim();
  const words = wordsOf(name);
  if (words.some((word) => otherWords.has(word))) return false;
  if (/^\d{12,19}$/.test(text) && luhn(text)) return true;
  return text.length >= 3 && text.length <= 20 && words.some((word) => inputWords.has(word));
}

/** `EncryptedCardNumber`, `card-number` and `card_number` contain the words `card`, `number` and `cardnumber`. */
function wordsOf(name: string): readonly string[] {
  const words = name
    .replaceAll(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .filter(Boolean);
  return [...words, ...words.slice(1).map((word, index) => `${words[index]}${word}`), words.join('')];
}

const block = 'The function is for the block "Invoke AWS Lambda function" of a contact flow';

/**
 * Recognizes events that are not from a contact flow.
 *
 * @returns the error to respond with, or `undefined` for an event that may be from a contact flow
 * @throws FlowKeysError `invalid_request` for a batch of records. A response would tell the sender that it was processed
 */
export function otherEvent(event: unknown): FlowKeysError | undefined {
  if (typeof event !== 'object' || event === null) return undefined;
  const members = new Map<string, unknown>(Object.entries(event));
  const records = members.get('Records');
  if (Array.isArray(records))
    throw invalid(`This is a batch from ${senderOf(records[0])}. ${block}. Remove the trigger.`);
  if (members.has('Details')) return undefined;
  const kind = otherEvents.find(({ matches }) => matches(members));
  return kind && invalid(kind.message);
}

const otherEvents: readonly { matches(members: ReadonlyMap<string, unknown>): boolean; readonly message: string }[] = [
  {
    matches: (members) => ['sessionState', 'currentIntent', 'interpretations'].some((name) => members.has(name)),
    message: `This event is from Amazon Lex, whose input is not encrypted with a security key. ${block}: ask for the input with "Store customer input".`,
  },
  {
    matches: (members) => members.has('detail-type') || (members.has('detail') && members.has('source')),
    message: `This event is from EventBridge. ${block}. Remove the rule's target.`,
  },
  {
    matches: (members) => members.has('requestContext'),
    message: `This is a request from API Gateway or a function URL. ${block}. For HTTP, use flow-security-keys/hono.`,
  },
  {
    matches: (members) => members.has('my-secret-string') || [...members.values()].some(isCiphertext),
    message: `The event contains a ciphertext, but not where a contact flow passes it. ${block}. To try it, wrap the parameters: {"Details":{"Parameters":{"my-secret-string":"…"}}}.`,
  },
];

function isCiphertext(value: unknown): boolean {
  return typeof value === 'string' && /^\s*(AYADe|AgV4)/.test(value);
}

function senderOf(record: unknown): string {
  const { eventSource, EventSource } = isRecord(record) ? record : {};
  const [, name = ''] = String(eventSource ?? EventSource).match(/^aws:([a-z0-9]{1,20})$/) ?? [];
  return { kinesis: 'Kinesis', sqs: 'SQS', sns: 'SNS', s3: 'S3', dynamodb: 'DynamoDB' }[name] ?? 'another service';
}

function invalid(message: string): FlowKeysError {
  return new FlowKeysError('invalid_request', message);
}
