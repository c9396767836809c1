import { createDecryptor, decodeUtf8, FlowKeysError, type KeyStore } from '../../src/index.ts';
import { readCiphertext, readKeyFile } from '../files.ts';
import { privateKeyIn } from '../keys/key-pair.ts';
import { decryptedKeyText, type PassphraseOptions } from '../keys/private-key-text.ts';
import { CommandError } from '../output/command-error.ts';
import { type Answer, printable, type Terminal } from '../output/terminal.ts';
import type { KeyStoreOptions } from '../stores/key-store.ts';
import { openKeyStore } from '../stores/open.ts';
import { decryptLines } from './decrypt-lines.ts';

export interface DecryptCommandOptions extends KeyStoreOptions, PassphraseOptions {
  readonly keyId?: string;
  /** A file, instead of the store. */
  readonly privateKey?: string;
  /** Show what the caller typed. */
  readonly reveal: boolean;
  readonly allSuites: boolean;
  /** The fields to decrypt in JSON lines, instead of one ciphertext. */
  readonly lines?: string;
}

/** Decrypts one ciphertext, or fields of JSON lines. Shows what the caller typed only with `reveal`. */
export async function decryptCiphertext(
  operand: string | undefined,
  options: DecryptCommandOptions,
  terminal: Terminal,
): Promise<Answer> {
  const keyStore =
    options.privateKey === undefined
      ? await openKeyStore(options)
      : await fileKeyStore(options.privateKey, options, terminal);
  const decryptor = createDecryptor({ keyStore, suites: options.allSuites ? 'all' : 'connect' });
  if (options.lines !== undefined)
    return decryptLines(operand ?? '-', { ...options, lines: options.lines }, decryptor, terminal);
  if (operand === undefined)
    throw new CommandError(
      'invalid_option',
      'Pass a ciphertext, or "-" to read standard input, or --lines with fields.',
    );
  const ciphertext = await readCiphertext(operand);
  const given = options.keyId === undefined ? {} : { keyId: options.keyId };
  const result = await terminal.during('Decrypting', decryptor.decrypt(ciphertext, given));
  const plaintext = decodeUtf8(result.plaintext);
  if (plaintext === undefined) {
    throw new FlowKeysError(
      'unsupported_message',
      `The plaintext under key id ${result.keyId} is not text. Connect only encrypts text.`,
    );
  }
  const { keyId, suite, encryptionContext, messageId } = result;
  // A pipe gets the exact text. A terminal would obey control characters in it.
  const written = process.stdout.isTTY ? printable(plaintext) : plaintext;
  const shown = options.reveal ? { plaintext } : {};
  return {
    value: { keyId, suite, encryptionContext, messageId, plaintextLength: plaintext.length, ...shown },
    ...(options.reveal && { quiet: written }),
    text: options.reveal
      ? written
      : `Decrypted ${plaintext.length} characters under key id ${keyId}; --reveal shows them.`,
  };
}

/** A key store with one private key for every key id. */
async function fileKeyStore(path: string, options: PassphraseOptions, terminal: Terminal): Promise<KeyStore> {
  const pem = await decryptedKeyText(await readKeyFile(path, 'the private key'), options, terminal);
  await privateKeyIn(pem, path);
  return { privateKeys: async () => [pem] };
}
