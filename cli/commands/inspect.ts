import { inspect } from '../../src/message/inspect.ts';
import { readCiphertext } from '../files.ts';
import { type Answer, coloured, printable } from '../output/terminal.ts';

/** Shows what a ciphertext reveals without a key. */
export async function inspectCiphertext(operand: string): Promise<Answer> {
  const summary = await inspect(await readCiphertext(operand));
  const { suite, encryptedDataKeys, encryptionContext, signature } = summary;
  const keys = encryptedDataKeys.map(({ providerId, providerInfo, byteLength }) => [
    'key id',
    `${printable(providerInfo)}  (${printable(providerId)}, ${byteLength} bytes)`,
  ]);
  const context = Object.entries(encryptionContext).map(([name, value]) => printable(`${name}: ${value}`));
  const lines = [
    ['suite', `${suite.id}  ${suite.name}`],
    ...keys,
    ['context', context.join(', ') || 'empty'],
    ['size', `${summary.messageBytes} bytes, ${summary.contentType}`],
    ['plaintext', `${summary.plaintextBytes} bytes`],
    ['signature', signature === 'invalid' ? coloured('red', 'invalid: the message was altered') : signature],
  ];
  return {
    value: summary,
    quiet: encryptedDataKeys[0]?.providerInfo ?? '',
    text: lines.map(([name = '', value]) => `${name.padEnd(10)} ${value}`).join('\n'),
  };
}
