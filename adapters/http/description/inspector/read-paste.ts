// The first bytes of a message in base64: version 1, or version 2 with a suite that exists.
const message = /(?:AY[A-D]|Ag[RV])[\w+/-]{40,}(?:\r?\n[\t >]*[\w+/-]+)*={0,2}/;

/**
 * Finds the ciphertext in what a person pasted: the ciphertext itself, wrapped or base64url, a whole Connect event,
 * or a line of a log. Returns the trimmed text where it finds none.
 */
export function readPaste(text: string): string {
  const unescaped = text
    .replace(/%2B/gi, '+')
    .replace(/%2F/gi, '/')
    .replace(/%3D/gi, '=')
    .replace(/\\+\//g, '/')
    .replace(/(?:\\+r)?\\+n/g, '\n');
  const found = unescaped.match(message)?.[0];
  if (found === undefined) return text.trim().replace(/^["']|["']$/g, '');
  const base64 = found
    .replace(/[\s>=]/g, '')
    .replaceAll('-', '+')
    .replaceAll('_', '/');
  return base64.length % 4 === 1 ? base64 : base64.padEnd(Math.ceil(base64.length / 4) * 4, '=');
}
