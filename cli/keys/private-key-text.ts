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
 * The text of a private key. An encrypted key is decrypted in memory, with a passphrase from a file or from the user.
 *
 * @throws CommandError `confirmation_needed` if nobody can be asked; FlowKeysError `invalid_private_key` if the passphrase is wrong
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
      'The private key is encrypted, and nobody can enter its passphrase here: run the command on a terminal, or pass --passphrase-file.';
    throw new CommandError('confirmation_needed', message);
  }
  // The text of an encrypted PKCS#1 key names its encryption, so it is used as it is.
  const pem =
    encrypted.der && encrypted.label === 'ENCRYPTED PRIVATE KEY' ? pemText(encrypted.label, encrypted.der) : text;
  try {
    return createPrivateKey({ key: pem, passphrase }).export({ type: 'pkcs8', format: 'pem' }).toString();
  } catch (error) {
    const message =
      'The passphrase is wrong, or the private key is encrypted in a way that OpenSSL 3 no longer reads. Try "openssl pkey -in FILE -noout".';
    throw new FlowKeysError('invalid_private_key', message, { cause: error });
  }
}
