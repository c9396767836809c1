import { FlowKeysError, type MessageSummary } from '../../../../src/index.ts';

const verdicts = {
  valid: {
    tone: 'good',
    title: 'Valid',
    next: 'Decrypt it with the private key of the key id below: with the API, the Lambda function, or flow-keys decrypt.',
  },
  other: {
    tone: 'warn',
    title: 'Readable, but not as Connect encrypts',
    next: 'Check where the text comes from: Connect signs each message and encrypts it for one key. Nothing else is decrypted by default.',
  },
  altered: {
    tone: 'bad',
    title: 'Invalid signature',
    next: 'The message was changed after it was encrypted. Pass $.StoredCustomerInput unchanged, and check what handles it on its way.',
  },
  no_caller_input: {
    tone: 'warn',
    title: 'The caller typed nothing',
    next: 'Connect stores the word Timeout instead of a ciphertext. Check for it in the flow, and prompt again.',
  },
  unreadable: {
    tone: 'bad',
    title: 'Not a complete message',
    next: 'Copy the whole of $.StoredCustomerInput, unchanged. It begins with AYAD and has several hundred characters.',
  },
} as const;

type Verdict = keyof typeof verdicts;

/** The facts that a shared link carries, and their names on the page. */
export const factNames = {
  suite: 'Algorithm suite',
  key: 'Key id',
  plaintext: 'Input length in bytes',
  message: 'Message length in bytes',
} as const;

/** What the page says about a message. */
export interface Finding {
  readonly verdict: Verdict;
  /** What to do next. Default: the advice of the verdict. */
  readonly next?: string;
  readonly facts: Readonly<Record<string, string>>;
}

/** The words and the colour of a verdict. */
export function wordsOf({ verdict, next = verdicts[verdict].next }: Finding) {
  return { ...verdicts[verdict], next };
}

/** The verdict on what `inspect` returned or threw. */
export function verdictOf(outcome: MessageSummary | FlowKeysError): Finding {
  if (outcome instanceof FlowKeysError) {
    if (outcome.code === 'no_caller_input') return { verdict: 'no_caller_input', facts: {} };
    return { verdict: 'unreadable', next: `${outcome.code}: ${outcome.message}`, facts: {} };
  }
  const facts = {
    suite: outcome.suite.id,
    key: outcome.encryptedDataKeys.map(({ providerInfo }) => providerInfo).join(', '),
    plaintext: `${outcome.plaintextBytes}`,
    message: `${outcome.messageBytes}`,
  };
  return { verdict: messageVerdict(outcome), facts };
}

function messageVerdict({ signature, suite, encryptedDataKeys }: MessageSummary): Verdict {
  if (signature === 'invalid') return 'altered';
  const fromConnect = encryptedDataKeys.length === 1 && encryptedDataKeys[0]?.providerId === 'AmazonConnect';
  return signature === 'valid' && fromConnect && ['0378', '0578'].includes(suite.id) ? 'valid' : 'other';
}

/** What a link to share holds: the verdict, suite, key id and lengths, never the ciphertext. */
export function fragmentOf({ verdict, facts }: Finding): string {
  return new URLSearchParams({ verdict, ...facts }).toString();
}

/** The finding that a shared link holds, or `undefined` for any other fragment. */
export function findingFrom(fragment: string): Finding | undefined {
  const { verdict, ...others } = Object.fromEntries(new URLSearchParams(fragment));
  if (!isVerdict(verdict)) return undefined;
  const known = Object.entries(others).filter(([name]) => Object.hasOwn(factNames, name));
  return { verdict, facts: Object.fromEntries(known.map(([name, value]) => [name, value.slice(0, 200)])) };
}

function isVerdict(name: string | undefined): name is Verdict {
  return name !== undefined && Object.hasOwn(verdicts, name);
}
