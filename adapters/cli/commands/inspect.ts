import { inspect } from '../../../src/message/inspect.ts';
import { readOperand } from '../files.ts';
import { type Answer, coloured } from '../terminal.ts';

/** What a ciphertext says without a key. */
export async function inspectCiphertext(ciphertext: string): Promise<Answer> {
  const summary = await inspect((await readOperand(ciphertext, 'the ciphertext')).trim());
  const { suite, encryptedDataKeys, encryptionContext, signature } = summary;
  const context = Object.entries(encryptionContext).map(([name, value]) => `${name}: ${value}`);
  const lines = [
    ['suite', `${suite.id}  ${suite.name}`],
    ...encryptedDataKeys.map(({ providerId, keyId, bytes }) => ['key id', `${keyId}  (${providerId}, ${bytes} bytes)`]),
    ['context', context.join(', ') || 'empty'],
    ['size', `${summary.messageBytes} bytes, frames of ${summary.frameLength} bytes`],
    ['plaintext', `${summary.plaintextBytes} bytes`],
    ['signature', signature === 'invalid' ? coloured('red', 'invalid: the message was altered') : signature],
  ];
  return { value: summary, text: lines.map(([name = '', value]) => `${name.padEnd(10)} ${value}`).join('\n') };
}
