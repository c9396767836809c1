import { type Command, InvalidArgumentError, Option } from 'commander';
import { optionGroups } from './output/help.ts';

// The options that several commands share, and the parsers of their values.

/** Adds a command with the options that every command has. */
export function command(parent: Command, name: string): Command {
  return inGroup(parent.command(name), 'general', (general) =>
    general.option('--json', 'print JSON').option('-q, --quiet', 'print only the value that a script needs'),
  );
}

function inGroup(parent: Command, group: keyof typeof optionGroups, addOptions: (parent: Command) => void): Command {
  addOptions(parent.optionsGroup(optionGroups[group]));
  return parent.optionsGroup('');
}

/** Adds the option of commands that ask for confirmation. */
export function asking(parent: Command): Command {
  return inGroup(parent, 'general', (general) => general.option('--yes', 'do not ask before what cannot be undone'));
}

/** Adds the options of commands that call AWS. */
export function onAws(parent: Command): Command {
  return inGroup(parent, 'aws', (aws) =>
    aws.option('--profile <name>', 'the AWS CLI profile to use').option('--region <name>', 'the AWS region'),
  );
}

/** Adds the options of commands that read private keys. */
export function stored(parent: Command, { isOptional = false } = {}): Command {
  const option = storeOption('where private keys are stored: ssm, secrets-manager, or directory:PATH');
  return inGroup(onAws(parent), 'store', (store) =>
    store
      .addOption(isOptional ? option : option.default('ssm'))
      .option('--prefix <text>', "the part of a parameter's or secret's name before the key id"),
  );
}

/** Adds the options of commands that store private keys. */
export function writing(parent: Command, options = {}): Command {
  return inGroup(stored(parent, options), 'store', (store) =>
    store.option('--kms-key <id>', 'the KMS key that encrypts what is stored'),
  );
}

/** Adds the options of commands that read or change consumers. */
export function registered(parent: Command): Command {
  return inGroup(onAws(parent), 'store', (store) =>
    store
      .addOption(storeOption('where consumers are registered: ssm, or directory:PATH').default('ssm'))
      .option('--prefix <text>', "the part of a parameter's name before consumers/"),
  );
}

function storeOption(description: string): Option {
  return new Option('--store <store>', description).env('FLOW_KEYS_STORE');
}

/** Adds the option of commands that take an encrypted private key. */
export function encrypted(parent: Command): Command {
  return inGroup(parent, 'key', (key) =>
    key.option('--passphrase-file <file>', 'the passphrase of an encrypted key; by default you are asked'),
  );
}

/** Adds the options of commands that create a certificate for Connect. */
export function certified(parent: Command): Command {
  return inGroup(parent, 'key', (key) =>
    key
      .option('--subject <name>', 'the distinguished name in a new certificate', 'CN=flow-security-keys')
      .option('--days <number>', 'how many days a new certificate is valid', wholeNumber, 365),
  );
}

/** Adds the options of commands that create a key pair with its certificate. */
export function newKey(parent: Command): Command {
  return certified(inGroup(parent, 'key', (key) => key.addOption(bits())));
}

/** Adds the options of commands that write a flow. */
export function described(parent: Command): Command {
  return inGroup(parent, 'flow', (flow) =>
    flow
      .option('--name <name>', 'the name of the flow in Connect', 'Secure input')
      .addOption(
        repeatable(
          '--field <name[:options]>',
          'an input to ask for, of a kind (card, expiry, cvc, account, pin, digits): card, or account:min=8,max=8,prompt=…',
        ),
      )
      .option('--attempts <number>', 'how many times to ask for an input', wholeNumber, 3)
      .option('--then <way>', 'where the call goes next: disconnect, queue:ID or flow:ID', 'disconnect')
      .option('--module', 'write a module, which returns to the flow that invokes it')
      .option('--agent', 'write a transfer flow for a quick connect, with the agent on hold')
      .option('--record-after <who>', 'who is recorded again after the inputs: any of agent,customer,ivr')
      .option('--log-after', 'turn flow logging on again after the inputs')
      .option('--clear-buffer', 'stop touchtone buffering, and discard what was typed ahead')
      .option(
        '--language <tag>',
        'the language of prompts and voice: en-US, en-GB, en-AU, de-DE, es-ES, es-US or fr-FR',
      )
      .option('--voice <name>', 'an Amazon Polly voice; by default one for the language')
      .addOption(new Option('--terminator <key>', 'the key that ends an input').choices(['#', '*']).default('#'))
      .addOption(
        repeatable(
          '--when <name=value:message>',
          'what callers hear for an error code of the function, or for a value in its result',
        ),
      )
      .option('--success-message <text>', 'what callers hear on success; {name} inserts a member of the result')
      .option('--failure-message <text>', 'what callers hear on failure')
      .option('--unknown-message <text>', 'what callers hear if the outcome is unknown')
      .option('--silence-message <text>', 'what callers hear if they typed nothing')
      .option('--attempts-message <text>', 'what callers hear after the last attempt'),
  );
}

/** The option of commands that work on an instance. */
export function instance(): Option {
  return new Option('--instance <instance>', 'the Amazon Connect instance: its id, ARN or alias').env(
    'FLOW_KEYS_INSTANCE',
  );
}

/** The option of commands that create a key pair. */
export function bits(): Option {
  return new Option('--bits <size>', 'the size of the RSA key: 2048, 3072 or 4096').argParser(keySize).default(2048);
}

/** An option that collects a list. */
export function repeatable(flags: string, description: string): Option {
  return new Option(flags, `${description}; repeatable`)
    .argParser<readonly string[]>((value, earlier) => [...earlier, value])
    .default([], 'none');
}

/** Ignores an option from the environment when one of the others is given. `operand` stands for any operand. */
export function yielding(parent: Command, option: string, others: readonly string[]): Command {
  return parent.hook('preAction', (_, called) => {
    const isRuledOut = called.args.length > 0 && others.includes('operand');
    if (called.getOptionValueSource(option) !== 'env') return;
    if (isRuledOut || others.some((other) => called.getOptionValue(other))) called.setOptionValue(option, undefined);
  });
}

function keySize(text: string): number {
  if (['2048', '3072', '4096'].includes(text)) return Number(text);
  throw new InvalidArgumentError('It must be 2048, 3072 or 4096.');
}

export const wholeNumber = wholeNumberIn(1, 10_000);
export const port = wholeNumberIn(0, 65_535);
export const minutes = numberIn(0, 14 * 24 * 60);
export const seconds = numberIn(0, 3_600);

function wholeNumberIn(minimum: number, maximum: number): (text: string) => number {
  return numberIn(minimum, maximum, 'whole number', Number.isInteger);
}

function numberIn(minimum: number, maximum: number, what = 'number', isValid = Number.isFinite) {
  return (text: string): number => {
    const number = Number(text);
    if (text.trim() !== '' && isValid(number) && number >= minimum && number <= maximum) return number;
    throw new InvalidArgumentError(`It must be a ${what} from ${minimum} to ${maximum}.`);
  };
}
