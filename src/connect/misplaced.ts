import { FlowKeysError } from '../errors.ts';
import { luhn } from './card.ts';

// What comes where a contact flow's ciphertexts belong.

/** Parameters and attributes whose digits are a caller's input, by a word of their name. */
export const inputWords: ReadonlySet<string> = new Set(
  'card cardnumber creditcard pan cvc cvc2 cvv cvv2 cv2 csc pin expiry expiration exp expdate account accountnumber iban ssn securitycode'.split(
    ' ',
  ),
);

/** Words that say that the digits are something else, whatever other words the name has. */
export const otherWords: ReadonlySet<string> = new Set(
  `amount total price zip postal postcode order invoice ticket case language locale phone telephone tel mobile cell fax caller
  callback ani dnis extension date time timestamp attempt count quantity type brand status last4 lastfour length id`.split(
    /\s+/,
  ),
);

/** What somebody types on a telephone. */
const keys = /^[\d*#]+$/;

/** Whether a value that stands where a ciphertext belongs is what the caller typed. */
export function isTyped(value: unknown): boolean {
  return typeof value === 'string' && keys.test(value.trim());
}

/**
 * Whether a parameter or attribute holds an input that was not encrypted: a card number by its check digit, or three to
 * twenty keys under a name of {@link inputWords}. Numbers of JSON are not looked at: Connect passes texts.
 */
export function isUnencrypted(name: string, value: unknown): boolean {
  if (typeof value !== 'string' || !isTyped(value)) return false;
  const text = value.trim();
  const words = wordsOf(name);
  if (words.some((word) => otherWords.has(word))) return false;
  if (/^\d{12,19}$/.test(text) && luhn(text)) return true;
  return text.length >= 3 && text.length <= 20 && words.some((word) => inputWords.has(word));
}

/** `EncryptedCardNumber`, `card-number` and `card_number` have the words `card`, `number` and `cardnumber`. */
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
 * Looks whether an event comes from something else than a contact flow.
 *
 * @returns what to say of it; `undefined` where it may be a contact flow's
 * @throws FlowKeysError `invalid_request` for a batch of records: if it were answered, the sender would take it for processed
 */
export function otherEvent(event: unknown): FlowKeysError | undefined {
  if (typeof event !== 'object' || event === null) return undefined;
  const members = new Map<string, unknown>(Object.entries(event));
  const records = members.get('Records');
  if (Array.isArray(records))
    throw invalid(`This is a batch of ${senderOf(records[0])}. ${block}; remove the trigger.`);
  if (members.has('Details')) return undefined;
  const found = kinds.find(({ isIt }) => isIt(members));
  return found && invalid(found.what);
}

const kinds: readonly { isIt(members: ReadonlyMap<string, unknown>): boolean; readonly what: string }[] = [
  {
    isIt: (members) => ['sessionState', 'currentIntent', 'interpretations'].some((name) => members.has(name)),
    what: `This is an event of Amazon Lex, whose input no security key encrypts. ${block}: ask for the input with "Store customer input".`,
  },
  {
    isIt: (members) => members.has('detail-type') || (members.has('detail') && members.has('source')),
    what: `This is an event of EventBridge. ${block}; remove the rule's target.`,
  },
  {
    isIt: (members) => members.has('requestContext'),
    what: `This is a request of API Gateway or of a function URL. ${block}; HTTP has a handler of its own, flow-security-keys/hono.`,
  },
  {
    isIt: (members) => members.has('my-secret-string') || [...members.values()].some(isCiphertext),
    what: `The event holds a ciphertext, but not where a contact flow passes it. ${block}; to try it, wrap the parameters: {"Details":{"Parameters":{"my-secret-string":"…"}}}.`,
  },
];

function isCiphertext(value: unknown): boolean {
  return typeof value === 'string' && /^\s*(AYADe|AgV4)/.test(value);
}

function senderOf(record: unknown): string {
  const members = new Map<string, unknown>(typeof record === 'object' && record !== null ? Object.entries(record) : []);
  const [, name = ''] =
    String(members.get('eventSource') ?? members.get('EventSource')).match(/^aws:([a-z0-9]{1,20})$/) ?? [];
  return { kinesis: 'Kinesis', sqs: 'SQS', sns: 'SNS', s3: 'S3', dynamodb: 'DynamoDB' }[name] ?? 'records';
}

function invalid(message: string): FlowKeysError {
  return new FlowKeysError('invalid_request', message);
}
