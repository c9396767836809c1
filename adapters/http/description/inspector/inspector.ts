// Runs in the browser: what is pasted is read there, and sent nowhere.
import { FlowKeysError, inspect, type MessageSummary } from '../../../../src/index.ts';
import { pastedCiphertext } from '../../../../src/internal.ts';

const input = document.querySelector('textarea');
const output = document.querySelector('output');
let latest = 0;

input?.addEventListener('input', async () => {
  latest += 1;
  const current = latest;
  const rows = await rowsOf(pastedCiphertext(input.value));
  // An answer that was overtaken is dropped.
  if (current === latest) output?.replaceChildren(...rows.map(row));
});

type Row = readonly [name: string, value: string];

async function rowsOf(ciphertext: string): Promise<readonly Row[]> {
  if (ciphertext.trim() === '') return [];
  try {
    return summaryRows(await inspect(ciphertext));
  } catch (error) {
    if (error instanceof FlowKeysError) return [[error.code, error.message]];
    throw error;
  }
}

function summaryRows(summary: MessageSummary): readonly Row[] {
  const { suite, encryptedDataKeys, encryptionContext, plaintextBytes, messageBytes, signature } = summary;
  return [
    ['Signature', signature],
    ...encryptedDataKeys.map(
      ({ providerId, providerInfo, byteLength }): Row => [
        'Key id',
        `${providerInfo} (provider ${providerId}, RSA-${byteLength * 8})`,
      ],
    ),
    ['Algorithm suite', `${suite.id} ${suite.name}`],
    ['Plaintext', `${plaintextBytes} bytes`],
    ['Message', `${messageBytes} bytes`],
    ...Object.entries(encryptionContext).map(([name, value]): Row => [`Context: ${name}`, value]),
  ];
}

function row([name, value]: Row): HTMLElement {
  const element = document.createElement('p');
  const title = document.createElement('b');
  const text = document.createElement('span');
  title.textContent = name;
  text.textContent = value;
  element.append(title, text);
  return element;
}
