// A long value, one with line breaks, or one that begins with dashes is seldom a typo. It may be a key, a token or a
// ciphertext in the wrong place, and terminals keep logs.
const longest = 64;
const optionName = /^--?[a-z][a-z-]{0,30}$/i;

/** A usage error's message without the arguments that may be secrets. */
export function withoutSecrets(message: string, args: readonly string[]): string {
  const values = args.flatMap((argument) => [argument, argument.slice(argument.indexOf('=') + 1)]);
  const unquotable = values.filter(
    (value) => value.length > longest || /[\r\n]/.test(value) || (/^-../.test(value) && !optionName.test(value)),
  );
  return unquotable
    .sort((left, right) => right.length - left.length)
    .reduce((text, value) => text.replaceAll(value, '(not shown)'), message);
}

/** A message from commander in the style of the other errors. */
export function usageMessage(message: string): string {
  const text = message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ');
  const sentence = text.charAt(0).toUpperCase() + text.slice(1);
  return `${/[.?!)]$/.test(sentence) ? sentence : `${sentence}.`} Run the command with --help to see its options.`;
}
