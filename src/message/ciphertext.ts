import { decodeBase64 } from '../encoding/base64.ts';
import { FlowKeysError } from '../errors.ts';

/** What Connect stores instead of a ciphertext when the caller types nothing. */
const noInput = 'Timeout';

const base64 = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * Returns the bytes of a ciphertext: bytes as they are, or decoded base64 text (RFC 4648, section 4) without its line
 * breaks and the white space around them.
 *
 * @throws FlowKeysError `missing_parameter` when it is empty, `no_caller_input` for Connect's `Timeout`,
 *   `malformed_ciphertext` when it is not base64 or longer than `maxCiphertextBytes`
 */
export function ciphertextBytes(ciphertext: string | Uint8Array, maxCiphertextBytes: number): Uint8Array<ArrayBuffer> {
  if (ciphertext instanceof Uint8Array) {
    if (ciphertext.length === 0) throw missing();
    if (ciphertext.length > maxCiphertextBytes) throw tooLong(maxCiphertextBytes);
    return new Uint8Array(ciphertext);
  }
  if (typeof ciphertext !== 'string') throw malformed('it must be base64 text or bytes');
  const text = withoutLineBreaks(ciphertext);
  if (text === '') throw missing();
  if (text === noInput) {
    throw new FlowKeysError(
      'no_caller_input',
      'The caller typed nothing: Connect stores "Timeout" instead of a ciphertext. Check for it in the flow, and prompt again.',
    );
  }
  if ((text.length / 4) * 3 - 2 > maxCiphertextBytes) throw tooLong(maxCiphertextBytes);
  const bytes = base64.test(text) && text.length % 4 === 0 ? decodeBase64(text) : undefined;
  if (bytes === undefined) throw malformed(notBase64(text));
  return bytes;
}

/** Mail, terminals and editors break lines. Those that wrap at spaces use the same width for every line. */
function withoutLineBreaks(text: string): string {
  const joined = text.trim().replaceAll(/[ \t]*[\r\n]+[ \t]*/g, '');
  const words = joined.split(/[ \t]+/);
  const width = words[0]?.length ?? 0;
  const isWrapped = width >= 20 && words.slice(0, -1).every((word) => word.length === width);
  return isWrapped ? words.join('') : joined;
}

function notBase64(text: string): string {
  const found = disguises.find(({ isIn }) => isIn(text));
  if (found !== undefined) return found.what;
  if (base64.test(text)) return 'it is truncated base64: its length is not a multiple of four';
  return 'it is not base64';
}

/** What base64 text looks like after common transformations, and how to undo them. */
const disguises: readonly {
  readonly what: string;
  isIn(text: string): boolean;
  undo(text: string): string;
}[] = [
  {
    what: 'it is in quotes; pass the text between them',
    isIn: (text) => /^(?:b?['"`]|\\+").*['"`]$/s.test(text),
    undo: (text) => text.replaceAll(/^(?:b?['"`]|\\+")|\\*['"`]$/gs, ''),
  },
  {
    what: 'it is HTML-escaped ("&#43;" is "+"); pass the text as the flow stored it',
    isIn: (text) => /&(?:amp|quot|plus|sol|equals|#x?[0-9a-f]+);/i.test(text),
    undo: (text) =>
      text
        .replaceAll('&amp;', '&')
        .replaceAll(/&(?:plus|#43|#x2b);/gi, '+')
        .replaceAll(/&(?:sol|#47|#x2f);/gi, '/')
        .replaceAll(/&(?:equals|#61|#x3d);/gi, '=')
        .replaceAll(/&(?:quot|#34|#x22|#39|#x27);/gi, ''),
  },
  {
    what: 'it is percent-encoded ("%2B" is "+"); decode it once',
    isIn: (text) => /%(?:2B|2F|3D|25)/i.test(text),
    undo: (text) =>
      text.replaceAll(/%25/g, '%').replaceAll(/%2B/gi, '+').replaceAll(/%2F/gi, '/').replaceAll(/%3D/gi, '='),
  },
  {
    what: 'its "+" became spaces: it was form-decoded once too often',
    isIn: (text) => /^[A-Za-z0-9+/]+(?: +[A-Za-z0-9+/]+)+={0,2}$/.test(text),
    undo: (text) => text.replaceAll(' ', '+'),
  },
  {
    what: 'it is base64url; Connect writes standard base64 with "+" and "/"',
    isIn: (text) => /^[\w-]+={0,2}$/.test(text) && /[-_]/.test(text),
    undo(text) {
      const standard = text.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '');
      return standard.padEnd(Math.ceil(standard.length / 4) * 4, '=');
    },
  },
  {
    what: 'it is JSON; pass only the ciphertext, which is the value of its parameter',
    isIn: (text) => /^[{[]/.test(text),
    undo: (text) => text,
  },
];

/** The start of a message in base64: version 1 and its type with suite 0378, or version 2 with suite 0578. */
const message = /(?:AYADe[A-P]|AgV4)[A-Za-z0-9+/]{300,}={0,2}/g;
// A bound, as each transformation may wrap another one.
const mostDisguises = 4;

/**
 * Finds the ciphertext in pasted text: quoted, escaped or encoded once more, or the only one in an event, a log line or
 * other text. Returns the text unchanged if that is ambiguous, so that {@link ciphertextBytes} explains what is wrong.
 *
 * @example
 * pastedCiphertext('"AYADeC…"'); // AYADeC…
 */
export function pastedCiphertext(pasted: string): string {
  let text = withoutLineBreaks(pasted.replaceAll('\u0000', '').replace(/^\uFEFF/, ''));
  for (let count = 0; count < mostDisguises && !base64.test(text); count += 1) {
    const found = disguises.find(({ isIn }) => isIn(text));
    if (found === undefined) break;
    text = found.undo(text).trim();
  }
  if (base64.test(text)) return text;
  // In JSON, a slash may be escaped, and a line break spelled out.
  const inside = new Set(
    pasted
      .replaceAll('\\/', '/')
      .replaceAll(/\\u002b/gi, '+')
      .match(message) ?? [],
  );
  const [only, ...others] = inside;
  return only !== undefined && others.length === 0 ? only : pasted;
}

function missing(): FlowKeysError {
  return new FlowKeysError(
    'missing_parameter',
    'The ciphertext is empty. Pass what the flow stored as $.StoredCustomerInput.',
  );
}

function tooLong(maxCiphertextBytes: number): FlowKeysError {
  return malformed(`it is longer than the ${maxCiphertextBytes} bytes accepted here`);
}

function malformed(what: string): FlowKeysError {
  return new FlowKeysError(
    'malformed_ciphertext',
    `The ciphertext cannot be read: ${what}. Pass $.StoredCustomerInput unchanged.`,
  );
}
