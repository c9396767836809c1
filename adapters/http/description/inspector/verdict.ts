import { FlowKeysError, type MessageSummary } from '../../../../src/index.ts';

/** What the page says about a message. */
export interface Finding {
  readonly verdict: string;
  readonly tone: 'good' | 'warn' | 'bad';
  readonly title: string;
  readonly next: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
}

const verdicts = {
  valid: [
    'good',
    'Valid',
    'Decrypt it with the private key of the key id below: with the API, the Lambda function, or flow-keys decrypt.',
  ],
  other: [
    'warn',
    'Readable, but not as Connect encrypts',
    'Check where the text comes from: Connect signs each message and encrypts it for one key. Nothing else is decrypted by default.',
  ],
  altered: [
    'bad',
    'Invalid signature',
    'The message was changed after it was encrypted. Pass $.StoredCustomerInput unchanged, and check what handles it on its way.',
  ],
  no_caller_input: [
    'warn',
    'The caller typed nothing',
    'Connect stores the word Timeout instead of a ciphertext. Check for it in the flow, and prompt again.',
  ],
  unreadable: [
    'bad',
    'Not a complete message',
    'Copy the whole of $.StoredCustomerInput, unchanged. It begins with AYAD and has several hundred characters.',
  ],
} as const;

type Verdict = keyof typeof verdicts;

const factNames = {
  suite: 'Algorithm suite',
  key: 'Key id',
  plaintext: 'Input length',
  message: 'Message length',
} as const;

/** The verdict on what `inspect` returned or threw. */
export function verdictOf(outcome: MessageSummary | FlowKeysError): Finding {
  if (outcome instanceof FlowKeysError) {
    if (outcome.code === 'no_caller_input') return finding('no_caller_input', {});
    return { ...finding('unreadable', {}), next: `${outcome.code}: ${outcome.message}` };
  }
  return finding(messageVerdict(outcome), {
    suite: outcome.suite.id,
    key: outcome.encryptedDataKeys.map(({ providerInfo }) => providerInfo).join(', '),
    plaintext: `${outcome.plaintextBytes}`,
    message: `${outcome.messageBytes}`,
  });
}

function messageVerdict({ signature, suite, encryptedDataKeys }: MessageSummary): Verdict {
  if (signature === 'invalid') return 'altered';
  const fromConnect = encryptedDataKeys.length === 1 && encryptedDataKeys[0]?.providerId === 'AmazonConnect';
  return signature === 'valid' && fromConnect && ['0378', '0578'].includes(suite.id) ? 'valid' : 'other';
}

function finding(verdict: Verdict, found: Partial<Record<keyof typeof factNames, string>>): Finding {
  const [tone, title, next] = verdicts[verdict];
  const facts = Object.entries(factNames).flatMap(([name, label]) => {
    const value = found[name as keyof typeof factNames];
    if (value === undefined) return [];
    return [[label, ['plaintext', 'message'].includes(name) ? `${value} bytes` : value] as const];
  });
  return { verdict, tone, title, next, facts };
}

/** What a link to share holds: the verdict, suite, key id and lengths, never the ciphertext. */
export function fragmentOf({ verdict, facts }: Finding): string {
  const names = Object.entries(factNames);
  const found = facts.map(([label, value]) => [
    names.find(([, name]) => name === label)?.[0] ?? '',
    value.replace(/ bytes$/, ''),
  ]);
  return new URLSearchParams([['verdict', verdict], ...found]).toString();
}

/** The finding that a shared link holds, or `undefined` for any other fragment. */
export function findingFrom(fragment: string): Finding | undefined {
  const found = new URLSearchParams(fragment);
  const verdict = (Object.keys(verdicts) as Verdict[]).find((name) => name === found.get('verdict'));
  if (verdict === undefined) return undefined;
  const facts = Object.keys(factNames).flatMap((name) => {
    const value = found.get(name);
    return value === null ? [] : [[name, value.slice(0, 200)] as const];
  });
  return finding(verdict, Object.fromEntries(facts));
}
