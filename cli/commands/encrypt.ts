import { assertKeyId } from '../../src/internal.ts';
import { encryptAsConnect } from '../connect/simulator.ts';
import { readKeyFile, readOperand } from '../files.ts';
import { ageOf, readCertificate } from '../keys/certificate.ts';
import { CommandError } from '../output/command-error.ts';
import type { Answer, Terminal } from '../output/terminal.ts';

export interface EncryptOptions {
  readonly certificate: string;
  readonly keyId: string;
}

const longestInput = 4_096;

/** Encrypts an input as Connect would if a caller typed it. */
export async function encryptInput(
  operand: string,
  { certificate, keyId }: EncryptOptions,
  terminal: Terminal,
): Promise<Answer> {
  assertKeyId(keyId);
  const parsed = readCertificate(await readKeyFile(certificate, 'the certificate'), 'The certificate');
  const age = ageOf(parsed);
  if (age === 'expired' || age === 'not yet valid')
    terminal.note(`The certificate is ${age}; Connect would not encrypt with it.`);
  const input = (await readOperand(operand, 'the input')).replace(/\r?\n$/, '');
  if (input.length > longestInput)
    throw new CommandError(
      'invalid_option',
      `The input is longer than ${longestInput} characters; pass what a caller types.`,
    );
  const ciphertext = await encryptAsConnect(input, keyId, parsed.publicKey);
  return { value: { keyId, ciphertext }, text: ciphertext, quiet: ciphertext };
}
