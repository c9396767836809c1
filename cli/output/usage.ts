// A long text, several lines, or what begins with dashes is seldom a mistyped name: it may be a key, a token or a
// ciphertext in the wrong place, and terminals and their logs are kept.
const longest = 64;
const optionName = /^--?[a-z][a-z-]{0,30}$/i;

/** What a usage error says, without the arguments that may be secrets. */
export function withoutSecrets(message: string, args: readonly string[]): string {
  const values = args.flatMap((argument) => [argument, argument.slice(argument.indexOf('=') + 1)]);
  const unquotable = values.filter(
    (value) => value.length > longest || /[\r\n]/.test(value) || (/^-../.test(value) && !optionName.test(value)),
  );
  return unquotable
    .sort((left, right) => right.length - left.length)
    .reduce((text, value) => text.replaceAll(value, '(not shown)'), message);
}
