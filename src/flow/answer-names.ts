// What this product's function answers, by the paths under `$.External`.

/** For the response validation JSON, and for STRING_MAP: the setting `ANSWER`. */
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

/** Whether the function answers something under a path, such as `data.success`. */
export function isAnswered(path: string, form: AnswerForm): boolean {
  return patterns[form].test(path) && !(form === 'flat' && path.includes('.'));
}
