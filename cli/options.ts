import { type Command, InvalidArgumentError, Option } from 'commander';
import { optionGroups } from './output/help.ts';

// The options that several commands share, and what their values may be.

/** A command with the options that each has. */
export function command(parent: Command, name: string): Command {
  return parent
    .command(name)
    .addOption(new Option('--json', 'print JSON').helpGroup(optionGroups.general))
    .addOption(new Option('-q, --quiet', 'print only the value that a script needs').helpGroup(optionGroups.general));
}

/** A command that asks before what cannot be undone. */
export function asking(parent: Command): Command {
  return parent.addOption(
    new Option('--yes', 'do not ask before what cannot be undone').helpGroup(optionGroups.general),
  );
}

/** A command that calls AWS. */
export function onAws(parent: Command): Command {
  return parent
    .addOption(new Option('--profile <name>', "the AWS CLI's profile to use").helpGroup(optionGroups.aws))
    .addOption(new Option('--region <name>', 'the AWS region').helpGroup(optionGroups.aws));
}

/** A command that reads private keys. */
export function stored(parent: Command, { isOptional = false }: { readonly isOptional?: boolean } = {}): Command {
  const store = new Option('--store <store>', 'where private keys are: ssm, secrets-manager, or directory:PATH')
    .env('FLOW_KEYS_STORE')
    .helpGroup(optionGroups.store);
  return onAws(parent)
    .addOption(isOptional ? store : store.default('ssm'))
    .addOption(
      new Option('--prefix <text>', "what stands before the key id in a parameter's or secret's name").helpGroup(
        optionGroups.store,
      ),
    );
}

/** A command that stores private keys. */
export function writing(parent: Command, options: { readonly isOptional?: boolean } = {}): Command {
  return stored(parent, options).addOption(
    new Option('--kms-key <id>', 'the KMS key that encrypts what is stored').helpGroup(optionGroups.store),
  );
}

/** A command that works on the consumers. */
export function registered(parent: Command): Command {
  return onAws(parent)
    .addOption(
      new Option('--store <store>', 'where consumers are registered: ssm, or directory:PATH')
        .env('FLOW_KEYS_STORE')
        .default('ssm')
        .helpGroup(optionGroups.store),
    )
    .addOption(
      new Option('--prefix <text>', "what stands before consumers/ in a parameter's name").helpGroup(
        optionGroups.store,
      ),
    );
}

/** A command that writes a flow. */
export function described(parent: Command): Command {
  return parent
    .option('--name <name>', 'the name of the flow in Connect', 'Secure input')
    .option(
      '--field <name[:options]>',
      'an input to ask for, of a kind (card, expiry, cvc, account, pin, digits): card, or account:min=8,max=8,prompt=…; may be given several times',
      collect,
      [],
    )
    .option('--attempts <number>', 'how often an input is asked for', wholeNumber, 3)
    .addOption(new Option('--then <way>', 'where the call goes: disconnect, queue:ID or flow:ID').default('disconnect'))
    .option('--module', 'write a module, which returns to the flow that invokes it')
    .option('--agent', 'write a transfer flow for a quick connect: the agent is on hold meanwhile')
    .option('--record-after <who>', 'what is recorded again where the call goes on: some of agent,customer,ivr')
    .option('--log-after', 'log the flow again where the call goes on')
    .option('--clear-buffer', 'stop touchtone buffering, and remove what was typed ahead')
    .option('--language <tag>', 'of prompts and voice: en-US, en-GB, en-AU, de-DE, es-ES, es-US or fr-FR')
    .option('--voice <name>', 'a voice of Amazon Polly; by default that of the language')
    .addOption(new Option('--terminator <key>', 'the key that ends an input').choices(['#', '*']).default('#'))
    .option(
      '--when <name=value:message>',
      'what callers hear for a code of the function, or a value in its result; may be given several times',
      collect,
      [],
    )
    .option('--success-message <text>', 'what callers hear when it worked; {name} says a member of the result')
    .option('--failure-message <text>', 'when it did not')
    .option('--unknown-message <text>', 'when nobody can tell')
    .option('--silence-message <text>', 'when nothing was typed')
    .option('--attempts-message <text>', 'when the attempts are used up');
}

export function instance(): Option {
  return new Option('--instance <instance>', 'the Amazon Connect instance: its id, ARN or alias').env(
    'FLOW_KEYS_INSTANCE',
  );
}

export function bits(): Option {
  return new Option('--bits <size>', 'size of the RSA key: 2048, 3072 or 4096').argParser(keySize).default(2048);
}

/** What the environment says gives way to options that rule it out. */
export function yielding(parent: Command, option: string, others: readonly string[]): Command {
  return parent.hook('preAction', (_, called) => {
    const isRuledOut = called.args.length > 0 && others.includes('operand');
    if (called.getOptionValueSource(option) !== 'env') return;
    if (isRuledOut || others.some((other) => called.getOptionValue(other))) called.setOptionValue(option, undefined);
  });
}

/** For an option that may be given several times. */
export function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value];
}

export function wholeNumber(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= 10_000) return number;
  throw new InvalidArgumentError('It must be a whole number from 1 to 10000.');
}

function keySize(text: string): number {
  if (['2048', '3072', '4096'].includes(text)) return Number(text);
  throw new InvalidArgumentError('It must be 2048, 3072 or 4096.');
}

export function minutes(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && number >= 0 && number <= 14 * 24 * 60) return number;
  throw new InvalidArgumentError('It must be a number of minutes, at most two weeks.');
}

export function seconds(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && number >= 0 && number <= 3_600) return number;
  throw new InvalidArgumentError('It must be a number of seconds, at most an hour.');
}

export function port(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && Number.isInteger(number) && number >= 0 && number <= 65_535) return number;
  throw new InvalidArgumentError('It must be a number up to 65535.');
}
