// What this product's function answers, by the paths under `$.External`: the nested answer and the flat one.

const top = ['status-code', 'error', 'code', 'detail'];
const data = ['success', 'message', 'contactId', 'requestId', 'decryptedData', 'dataLength', 'luhn', 'brand'];
const nested = /^data\.(fields|consumers|result)\./;
const flat =
  /^[\w-]+_(success|decryptedData|dataLength|luhn|brand|error|code|detail|ciphertext|format)$|^result_|^consumers_/;

/** Whether the function answers something under a path, such as `data.success`. */
export function isAnswered(path: string): boolean {
  const isNested = top.includes(path) || nested.test(path) || data.some((name) => path === `data.${name}`);
  return isNested || data.includes(path) || flat.test(path);
}
