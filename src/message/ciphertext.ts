import { decodeBase64 } from '../encoding/base64.ts';
import { FlowKeysError } from '../errors.ts';

/** What Connect stores instead of a ciphertext when the caller types nothing. */
const noInput = 'Timeout';

const base64 = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * The bytes of a ciphertext that came as base64 text (RFC 4648, section 4; white space around it is
 * dropped) or as bytes.
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
  const text = ciphertext.trim();
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

function notBase64(text: string): string {
  if (/^[\w-]+={0,2}$/.test(text) && /[-_]/.test(text)) {
    return 'it is base64url; Connect writes standard base64 with "+" and "/"';
  }
  if (base64.test(text)) return 'it is base64 cut short: its length is no multiple of four';
  return 'it is not base64';
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
