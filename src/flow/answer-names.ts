// The names in the answer of this product's function, as paths under `$.External`.

/** The setting `ANSWER`: `nested` for the response validation JSON, `flat` for STRING_MAP. */
export type AnswerForm = 'nested' | 'flat';

const top = ['status-code', 'error', 'code', 'detail'];
const data = [
  'success',
  'message',
  'contactId',
  'requestId',
  'decryptedData',
  'last4',
  'dataLength',
  'luhn',
  'brand',
  'check',
  'withheld',
];

const patterns: Readonly<Record<AnswerForm, RegExp>> = {
  nested: new RegExp(`^(${top.join('|')}|data\\.(${data.join('|')}|(fields|consumers|result)\\..+))$`),
  flat: new RegExp(
    `^(${[...top, ...data].join('|')}|(result|consumers)_.+|.+_(${data.join('|')}|error|code|detail|ciphertext|format))$`,
  ),
};

/** Whether the answer can have a path, such as `data.success`. */
export function isInAnswer(path: string, form: AnswerForm): boolean {
  return patterns[form].test(path) && !(form === 'flat' && path.includes('.'));
}
