import { createPrivateKey } from 'node:crypto';
import { FlowKeysError } from '../../src/index.ts';
import { keyBlocks, pemText } from '../../src/internal.ts';
import { readText } from '../files.ts';
import { CommandError } from '../output/command-error.ts';
import type { Terminal } from '../output/terminal.ts';

export interface PassphraseOptions {
  /** A file with the passphrase of an encrypted key. */
  readonly passphraseFile?: string;
}

/**
 * A private key's text, decrypted in memory where it is encrypted: the passphrase comes from a file, or is asked for.
 *
 * @throws CommandError `confirmation_needed` where nobody can be asked; FlowKeysError `invalid_private_key` for a wrong passphrase
 */
export async function decryptedKeyText(
  text: string,
  { passphraseFile }: PassphraseOptions,
  terminal: Terminal,
): Promise<string> {
  const blocks = keyBlocks(text);
  const isUsable = blocks.some(({ label, isEncrypted }) => /^(RSA )?PRIVATE KEY$/.test(label) && !isEncrypted);
  const encrypted = blocks.find(({ label, isEncrypted }) => label.endsWith('PRIVATE KEY') && isEncrypted);
  if (isUsable || encrypted === undefined) return text;
  const passphrase =
    passphraseFile === undefined
      ? await terminal.askSecret('Passphrase of the private key:')
      : (await readText(passphraseFile, 'the passphrase')).replace(/\r?\n$/, '');
  if (passphrase === undefined) {
    const message =
      'The private key is encrypted, and nobody can be asked for its passphrase here: run it on a terminal, or pass --passphrase-file.';
    throw new CommandError('confirmation_needed', message);
  }
  // The encryption of PKCS#1 stands in the lines of the text itself.
  const pem =
    encrypted.der && encrypted.label === 'ENCRYPTED PRIVATE KEY' ? pemText(encrypted.label, encrypted.der) : text;
  try {
    return createPrivateKey({ key: pem, passphrase }).export({ type: 'pkcs8', format: 'pem' }).toString();
  } catch (error) {
    const message =
      'The private key does not open with this passphrase, or is encrypted in a way that OpenSSL 3 no longer reads. Try it with "openssl pkey -in FILE -noout".';
    throw new FlowKeysError('invalid_private_key', message, { cause: error });
  }
}
