// Runs in the browser. Reads the pasted text, and sends it nowhere.
import { FlowKeysError, inspect, type MessageSummary } from '../../../../src/index.ts';
import { type MessagePart, messageParts, type PartName, pastedCiphertext } from '../../../../src/internal.ts';
import { type Finding, factNames, findingFrom, fragmentOf, verdictOf, wordsOf } from './verdict.ts';

const input = document.querySelector('textarea');
const verdict = element('verdict');
const coloured = element('coloured');
const parts = element('parts');
const share = element('share');
const message = element('message');
let latest = 0;
let fragment = '';

input?.addEventListener('input', () => show(input.value));
element('example').addEventListener('click', () => {
  if (input === null) return;
  input.value = input.dataset['example'] ?? '';
  show(input.value);
});
element('clear').addEventListener('click', () => {
  if (input === null) return;
  input.value = '';
  show('');
  input.focus();
});
share.addEventListener('click', async () => {
  const link = `${location.href.split('#')[0]}#${fragment}`;
  history.replaceState(null, '', link);
  try {
    await navigator.clipboard.writeText(link);
    element('shared').textContent = 'Link copied. It holds the verdict, not the ciphertext.';
  } catch {
    element('shared').textContent = 'Copy the address of this page. It holds the verdict, not the ciphertext.';
  }
});
window.addEventListener('hashchange', showShared);
showShared();

function showShared(): void {
  const finding = findingFrom(location.hash.slice(1));
  if (finding === undefined || input?.value !== '') return;
  showVerdict(finding);
  verdict.append(
    line('p', 'Someone shared this verdict with you. The ciphertext is not in the link, so paste it to check.'),
  );
}

async function show(text: string): Promise<void> {
  latest += 1;
  const current = latest;
  if (text.trim() === '') return clear();
  const ciphertext = pastedCiphertext(text).trim();
  const outcome = await outcomeOf(ciphertext);
  // A newer paste has overtaken this one.
  if (current !== latest) return;
  clear();
  const finding = verdictOf(outcome);
  showVerdict(finding);
  showParts(ciphertext, outcome);
  fragment = fragmentOf(finding);
  share.hidden = false;
}

function clear(): void {
  for (const emptied of [verdict, coloured, parts, element('shared')]) emptied.replaceChildren();
  verdict.className = '';
  message.hidden = true;
  share.hidden = true;
}

async function outcomeOf(ciphertext: string): Promise<MessageSummary | FlowKeysError> {
  try {
    return await inspect(ciphertext);
  } catch (error) {
    if (error instanceof FlowKeysError) return error;
    throw error;
  }
}

function showVerdict(finding: Finding): void {
  const { tone, title, next } = wordsOf(finding);
  verdict.className = tone;
  const list = document.createElement('dl');
  for (const [name, label] of Object.entries(factNames)) {
    const value = finding.facts[name];
    if (value !== undefined) list.append(line('dt', label), line('dd', value));
  }
  verdict.replaceChildren(line('h2', title), line('p', next), list);
}

function showParts(ciphertext: string, outcome: MessageSummary | FlowKeysError): void {
  const found = partsOf(ciphertext);
  message.hidden = found.length === 0;
  for (const part of found) {
    const [first, last] = [part.start, part.end].map((byte) => Math.ceil((byte * 8) / 6));
    const text = line('span', ciphertext.slice(first, part === found.at(-1) ? undefined : last));
    text.className = classOf(part.name);
    text.title = part.name;
    coloured.append(text);
    const title = line('b', `${part.name} (${part.end - part.start} bytes)`);
    title.className = classOf(part.name);
    const item = document.createElement('li');
    item.append(title, ` ${explain(part.name, outcome)}`);
    parts.append(item);
  }
}

function partsOf(ciphertext: string): readonly MessagePart[] {
  try {
    return messageParts(ciphertext);
  } catch (error) {
    if (error instanceof FlowKeysError) return [];
    throw error;
  }
}

function explain(name: PartName, outcome: MessageSummary | FlowKeysError): string {
  if (name === 'unread') return 'These bytes could not be read as part of a message.';
  if (outcome instanceof FlowKeysError) return '';
  const { version, suite, encryptedDataKeys, encryptionContext, plaintextBytes, frameCount, frameLength } = outcome;
  const keys = encryptedDataKeys.map(
    ({ providerId, providerInfo, byteLength }) => `${providerInfo} (provider ${providerId}, RSA-${byteLength * 8})`,
  );
  const context = Object.entries(encryptionContext).map(([key, value]) => `${key} = ${value}`);
  const explanations: Readonly<Record<Exclude<PartName, 'unread'>, string>> = {
    header: `Message version ${version}, algorithm suite ${suite.id} ${suite.name}.`,
    'message id': 'Random. It is different in every message.',
    context: `Authenticated, but not encrypted: ${context.join(', ') || 'empty'}.`,
    'data keys': `The key that encrypts the body, itself encrypted for ${keys.join(' and ')}. Only that private key opens it.`,
    format: frameLength === 0 ? 'One block, without frames.' : `Frames of up to ${frameLength} bytes.`,
    authentication: 'Proves to whoever has the data key that the header was not changed.',
    body: `The encrypted input: ${plaintextBytes} bytes in ${frameCount} ${frameCount === 1 ? 'frame' : 'frames'}.`,
    signature: `ECDSA signature over everything before it: ${outcome.signature}.`,
  };
  return explanations[name];
}

function classOf(name: PartName): string {
  return `part-${name.replace(' ', '-')}`;
}

function line(tag: string, text: string): HTMLElement {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The page has no element with the id ${id}.`);
  return found;
}
