import { Command, CommanderError, Option } from 'commander';
import type { AwsOptions } from './aws.ts';
import {
  asking,
  bits,
  certified,
  command,
  described,
  encrypted,
  instance,
  minutes,
  newKey,
  onAws,
  port,
  registered,
  repeatable,
  seconds,
  stored,
  wholeNumber,
  writing,
  yielding,
} from './options.ts';
import { CommandError, type ExitCode, exitCodeFor, exitCodes } from './output/command-error.ts';
import { firstSteps } from './output/examples.ts';
import { withHelp } from './output/help.ts';
import { report } from './output/report.ts';
import { type Answer, type Streams, terminal } from './output/terminal.ts';
import { usageMessage, withoutSecrets } from './output/usage.ts';

/** Imports a command when it runs, so that `inspect` starts without an AWS client. */
// biome-ignore lint/suspicious/noExplicitAny: commander parses what the command declares: operands and options
type LoadCommand = () => Promise<(...args: any[]) => Promise<Answer | undefined>>;

/** Makes an action for commander. The command gets its operands, its options and the terminal. */
type Run = (load: LoadCommand, needs?: { readonly needsInstance: boolean }) => (...given: unknown[]) => Promise<void>;

/** Runs the command line, and returns the exit code of the process. */
export async function main(given: readonly string[], { stdout, stderr }: Streams): Promise<ExitCode> {
  if (given.length === 0) {
    stdout.write(`${firstSteps}\n`);
    return exitCodes.done;
  }
  // commander's own "help" does not know subcommands.
  const args = given[0] === 'help' ? [...given.slice(1), '--help'] : given;
  const json = args.includes('--json');
  let exitCode: ExitCode = exitCodes.done;
  const program = createProgram(run);
  for (const each of allCommands(program)) {
    each.exitOverride();
    each.configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => json || stderr.write(text),
      // Usage errors are reported like all others, below.
      outputError: () => {},
    });
    withHelp(each);
  }
  try {
    if (isCompletion(args)) await complete(program, args);
    else await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) fail(error);
    else if (error.exitCode !== 0) {
      exitCode = exitCodes.usage;
      if (json || error.code !== 'commander.help')
        fail(new CommandError('invalid_option', usageMessage(withoutSecrets(error.message, args))));
    }
  }
  return exitCode;

  function run(load: LoadCommand, { needsInstance = false } = {}): (...given: unknown[]) => Promise<void> {
    return async (...given) => {
      // commander passes the operands, the options and its command.
      const operands = given.slice(0, -2);
      const options = given.at(-2) as CommonOptions;
      const { yes = false, quiet = false, instance } = options;
      try {
        const user = terminal({ yes, quiet: json || quiet, stdout, stderr });
        const isOnInstance = needsInstance || instance !== undefined;
        const resolved = isOnInstance && {
          instance: await (await import('./connect/instances.ts')).resolveInstance(instance, options, user),
        };
        const runCommand = await load();
        const answer = await runCommand(...operands, { ...options, ...resolved }, user);
        if (answer) print(answer, quiet);
      } catch (error) {
        fail(error);
      }
    };
  }

  function print({ value, text, quiet, isOnStandardError, exitCode: code = exitCodes.done }: Answer, isQuiet: boolean) {
    const output = json ? JSON.stringify(value, null, 2) : isQuiet ? quiet : text;
    if (output !== undefined) (isOnStandardError ? stderr : stdout).write(`${output}\n`);
    exitCode = code;
  }

  function fail(error: unknown): void {
    exitCode = exitCodeFor(error);
    const shown =
      error instanceof CommandError && exitCode === exitCodes.usage
        ? new CommandError(error.code, withoutSecrets(error.message, args))
        : error;
    stderr.write(`${report(shown, exitCode, { json, stderr })}\n`);
  }
}

const shells = ['bash', 'zsh', 'fish', 'powershell'];

function isCompletion([command, shell = '']: readonly string[]): boolean {
  return command === 'complete' || (command === 'completion' && shells.includes(shell));
}

/** The completion library adds a `complete` command, so it is loaded only when completion is asked for. */
async function complete(program: Command, [, ...args]: readonly string[]): Promise<void> {
  const { default: tab } = await import('@bomb.sh/tab/commander');
  tab(program);
  program.parse(['complete', ...args], { from: 'user' });
}

function* allCommands(parent: Command): Generator<Command> {
  yield parent;
  for (const child of parent.commands) yield* allCommands(child);
}

interface CommonOptions extends AwsOptions {
  readonly yes?: boolean;
  readonly quiet?: boolean;
  readonly instance?: string;
}

function createProgram(run: Run): Command {
  const version = process.env.FLOW_KEYS_VERSION ?? '';
  const program = new Command('flow-keys')
    .description('Create, rotate and test Amazon Connect flow security keys.')
    .version(version, '-V, --version', 'print the version')
    // Options after a command belong to it: "flow" and "flow check" both have options.
    .enablePositionalOptions()
    .addHelpText(
      'after',
      `\nExit codes: ${Object.entries(exitCodes)
        .map(([name, code]) => `${code} ${name}`)
        .join(', ')}.`,
    );

  program.commandsGroup('Start here:');
  newKey(described(asking(writing(command(program, 'setup')))))
    .description('create a key, publish a flow that uses it and play a call; resumes where it was interrupted')
    .addOption(instance())
    .requiredOption('--function <name or ARN>', 'the deployed Lambda function that decrypts')
    .option('--key-id <id>', 'the key for the flow; by default the one that is in both the instance and the store')
    .option('--no-call', 'do not play a call at the end')
    .option('--dry-run', 'print the plan and change nothing')
    .action(run(async () => (await import('./commands/setup.ts')).setUp, { needsInstance: true }));

  program.commandsGroup('Keys:');
  const keys = program.command('keys').description('create, upload, import, list and retire keys');

  yielding(newKey(writing(command(keys, 'create'), { isOptional: true })), 'store', ['printPrivateKey'])
    .description('create an RSA key pair and a self-signed certificate')
    .option('--out <directory>', 'where to write the files', '.')
    .option('--print-private-key', 'print the private key instead of storing it')
    .action(run(async () => (await import('./commands/keys-create.ts')).createKeys));

  encrypted(writing(command(keys, 'associate')))
    .description('upload a public key to Connect, and store the private key under the key id that Connect assigns')
    .addOption(instance())
    .requiredOption('--private-key <file or id>', 'a file, or the id new-… that "keys create --store" printed')
    .option('--certificate <file>', 'the certificate of the key; required with a file')
    .action(run(async () => (await import('./commands/keys-associate.ts')).associateKey, { needsInstance: true }));

  certified(encrypted(writing(command(keys, 'import'))))
    .description('store an existing private key under the key id that Connect has for its public key')
    .argument('<source>', 'a file, or the name or ARN of a parameter or secret; "-" reads standard input')
    .addOption(
      new Option('--from <kind>', 'what the source is').choices(['file', 'ssm', 'secrets-manager']).default('file'),
    )
    .addOption(instance())
    .option('--key-id <id>', 'the key id, instead of looking it up in the instance')
    .option('--certificate <file>', 'the certificate in the flow; by default a new one is created')
    .action(run(async () => (await import('./commands/keys-import.ts')).importKey));

  stored(command(keys, 'list'))
    .description('compare the keys in Connect and in a store: what is missing, which certificates expire')
    .addOption(instance())
    .action(run(async () => (await import('./commands/keys-list.ts')).listKeys));

  yielding(asking(stored(command(keys, 'retire'))), 'instance', ['deletePrivateKey'])
    .description('remove a key from Connect, from the store, or from both')
    .argument('<key-id>')
    .addOption(instance())
    .option('--delete-private-key', 'remove the private key from the store')
    .action(run(async () => (await import('./commands/keys-retire.ts')).retireKey));

  newKey(asking(writing(command(program, 'rotate'))))
    .description('replace a key without losing calls; resumes where it was interrupted')
    .addOption(instance())
    .option('--key-id <id>', 'the key to replace; by default the only one in Connect')
    .addOption(repeatable('--flow <id>', 'a flow to publish with the new key'))
    .option('--handed-out', 'you have given the new key to the flows yourself')
    .option('--wait <minutes>', 'how long calls that use the old key may last', minutes, 60)
    // A service rereads a consumer at most every ten seconds when it refuses a message.
    .option('--consumer-wait <seconds>', 'how long services take to read a changed consumer', seconds, 11)
    .option('--function <name or ARN>', 'also test the new key with this Lambda function')
    .option('--endpoint <url>', 'also test the new key with this HTTP service')
    .option('--token-file <file>', 'a file with the bearer token for the HTTP service')
    .option('--state <file>', 'where to keep the progress of the rotation', 'flow-keys-rotation.json')
    .option('--dry-run', 'print the plan and change nothing')
    .action(run(async () => (await import('./commands/rotate.ts')).rotate, { needsInstance: true }));

  onAws(command(program, 'instances'))
    .description('list the Amazon Connect instances of the account and region')
    .action(run(async () => (await import('./commands/instances.ts')).showInstances));

  program.commandsGroup('Inputs:');
  command(program, 'inspect')
    .description('show what a ciphertext reveals without a key')
    .argument('<ciphertext>', 'the text, or a file; "-" reads standard input')
    .action(run(async () => (await import('./commands/inspect.ts')).inspectCiphertext));

  encrypted(stored(command(program, 'decrypt')))
    .description('decrypt a ciphertext; shows what the caller typed only with --reveal')
    .argument('[ciphertext]', 'the text, or a file; "-" reads standard input')
    .option('--key-id <id>', 'the key id that the message must name')
    .option('--private-key <file>', 'decrypt with this private key instead of the store')
    .option('--reveal', 'show what the caller typed')
    .option('--lines <fields>', 'decrypt these comma-separated fields of JSON lines, from a file or standard input')
    .option('--all-suites', 'accept algorithm suites that Connect does not use')
    .action(run(async () => (await import('./commands/decrypt.ts')).decryptCiphertext));

  command(program, 'encrypt')
    .description('encrypt an input as Connect would, to test without a phone call')
    .argument('<input>', 'what a caller types; "-" reads standard input')
    .requiredOption('--certificate <file>', 'the certificate in the flow')
    .requiredOption('--key-id <id>', 'the key id in the flow')
    .action(run(async () => (await import('./commands/encrypt.ts')).encryptInput));

  stored(command(program, 'doctor'))
    .description('check each step from a ciphertext to the response, and show what to fix first')
    .argument('[ciphertext]', 'the text, or a file; "-" reads standard input')
    .option('--event <file>', 'the event that the function received; "-" reads standard input')
    .option('--key-id <id>', 'the key id in the flow')
    .addOption(instance())
    .option('--certificate <file>', 'the certificate in the flow; by default the one in the store')
    .option('--function <name or ARN>', 'check this Lambda function: policy, association, settings, a test event')
    .option('--flow <id or file>', 'compare the settings of the function with this flow')
    .option('--endpoint <url>', 'check this HTTP service with a test request')
    .option('--token-file <file>', 'a file with the bearer token for the HTTP service')
    .action(run(async () => (await import('./commands/doctor.ts')).doctor));

  program.commandsGroup('Flows:');
  const flow = program.command('flow').description('write, publish, check and try contact flows');

  described(stored(command(flow, 'write')))
    .description('write a flow or module with secure input')
    .requiredOption('--key-id <id>', 'the key id for the flow')
    .option('--certificate <file>', 'the certificate of that key; by default the one in the store')
    .requiredOption('--function <name or ARN>', 'the Lambda function that decrypts')
    .option('--out <file>', 'where to write the flow; by default standard output')
    .action(run(async () => (await import('./commands/flow-write.ts')).writeContactFlow));

  asking(stored(command(flow, 'publish')))
    .description('create or update a flow or module in an instance')
    .argument('<file>', 'a flow, exported or from "flow write"; "-" reads standard input')
    .addOption(instance())
    .option('--name <name>', 'the name of the flow; by default the one in the file')
    .option('--from <instance>', 'the instance that the file comes from; resources are matched by name')
    .option('--key-id <id>', 'with --from: the key for the flow in this instance')
    .action(run(async () => (await import('./commands/flow-publish.ts')).publishFlow, { needsInstance: true }));

  yielding(onAws(command(flow, 'check')), 'instance', ['operand'])
    .description('find what leaks an input, loses it, or makes calls fail; --instance alone checks all its flows')
    .argument('[file]', 'an exported flow, or a template with flows; "-" reads standard input')
    .addOption(instance())
    .option('--flow <id>', 'a flow of the instance, instead of a file')
    .option('--function <name or ARN>', 'compare the flow with the settings of this Lambda function')
    .addOption(repeatable('--accept <code[:block]>', 'a finding to accept'))
    .option('--accepted <file>', 'a file with findings to accept, one per line')
    .addOption(
      new Option('--fail-on <severity>', 'the lowest severity that makes the check fail')
        .choices(['error', 'warning', 'note'])
        .default('warning'),
    )
    .option('--rate <number>', 'API calls per second when checking all flows', wholeNumber, 1)
    .action(run(async () => (await import('./commands/flow-check.ts')).checkContactFlow));

  yielding(stored(command(flow, 'try'), { isOptional: true }), 'store', ['function', 'endpoint', 'answer'])
    .description('play a call through a flow, without a phone')
    .argument('<file>', 'an exported flow; "-" reads standard input')
    .option(
      '--keys <keys>',
      "what the caller presses at each prompt, such as '4444444444444448#,1228#'; empty means silence",
    )
    .option('--function <name or ARN>', 'the Lambda function to invoke')
    .option('--endpoint <url>', 'or the HTTP service to call')
    .option('--token-file <file>', 'a file with the bearer token for the HTTP service')
    .option('--answer <file>', 'or a file with the response of the function')
    .addOption(repeatable('--branch <block=branch>', 'a branch that a block takes'))
    .action(run(async () => (await import('./commands/flow-try.ts')).tryFlow));

  program.commandsGroup('Consumers:');
  stored(command(program.command('certificate').description('issue certificates for consumers'), 'issue'))
    .description('issue a certificate for one consumer, signed by an uploaded key (not tried on a live instance)')
    .requiredOption('--subject <name>', 'the distinguished name of the consumer, such as CN=billing')
    .option('--days <number>', 'how many days the certificate is valid', wholeNumber, 90)
    .option('--key-id <id>', 'the uploaded key that signs, from the store')
    .option('--issuer-private-key <file>', 'or a file with the private key that signs')
    .option('--issuer-certificate <file>', 'and a file with its certificate')
    .option('--public-key <file>', "the consumer's public key; by default a new key pair is created")
    .addOption(bits())
    .option('--out <directory>', 'where to write the files', '.')
    .action(run(async () => (await import('./commands/certificate-issue.ts')).issueCertificate));

  const consumer = program.command('consumer').description('manage the systems that inputs are re-encrypted for');
  const consumers = () => import('./commands/consumer.ts');

  registered(command(consumer, 'add'))
    .description('register or change a consumer')
    .argument('<name>')
    .requiredOption('--public-key <file>', 'its public key or certificate as PEM, or a JWK')
    .addOption(
      new Option('--format <format>', 'the format to encrypt in').choices(['jwe', 'aws-encryption-sdk']).default('jwe'),
    )
    .addOption(repeatable('--key-id <id>', "a security key whose messages it may receive, '*' for all"))
    .addOption(repeatable('--field <name>', "a field that it may receive, '*' for all"))
    .option('--replace', 'replace the consumer if it is already registered')
    .action(run(async () => (await consumers()).addConsumer));

  registered(command(consumer, 'list'))
    .description('list the consumers, and check that an input can be encrypted for each')
    .action(run(async () => (await consumers()).listConsumers));

  asking(registered(command(consumer, 'remove')))
    .description('remove a consumer')
    .argument('<name>')
    .action(run(async () => (await consumers()).removeConsumer));

  registered(command(consumer, 'test'))
    .description('encrypt a test input for a consumer, and decrypt it with its private key')
    .argument('<name>')
    .option('--field <name>', 'the field that the input belongs to; by default the first that it may receive')
    .option('--private-key <file>', "the consumer's private key, as PEM or a JWK")
    .option('--endpoint <url>', 'let this HTTP service encrypt, instead of this command')
    .option('--token-file <file>', 'a file with the bearer token for the HTTP service')
    .option('--key-id <id>', 'with --endpoint: the security key')
    .option('--certificate <file>', 'with --endpoint: its certificate')
    .action(run(async () => (await consumers()).testConsumer));

  program.commandsGroup('HTTP service:');
  command(program, 'token')
    .description('create a bearer token for the HTTP service, and the setting that accepts it')
    .option('--key-ids <ids>', 'limit it to these comma-separated key ids')
    .option('--routes <names>', 'limit it to these comma-separated routes')
    .option('--consumers <names>', 'allow it to encrypt for these comma-separated consumers')
    .option('--fields <names>', 'limit it to these comma-separated fields')
    .option('--out <file>', 'write the token to a new file that only you can read, instead of printing it')
    .action(run(async () => (await import('./commands/token.ts')).issueToken));

  command(program, 'serve')
    .description('run the HTTP service, with keys from a directory or from AWS')
    .option('--keys <directory>', 'a directory with private keys, as KEY-ID/private-key.pem; by default AWS is used')
    .option('--host <address>', 'the address to listen on', '127.0.0.1')
    .option('--port <number>', 'the port to listen on', port, 8080)
    .option('--allow-world-readable', 'accept key files that every user can read')
    .option('--allow-group-writable', 'accept files and directories that their group can write')
    .action(run(async () => (await import('./commands/serve.ts')).serve));

  program.commandsGroup('Other:');
  program
    .command('completion')
    .description('print a shell script that completes commands and options')
    .addArgument(program.createArgument('<shell>').choices(shells))
    .action(() => {});

  program
    .command('help')
    .description('show the help of a command')
    .argument('[command...]')
    .action(() => {});

  command(program, 'version')
    .description('print the version')
    .action(run(async () => async () => ({ value: { version }, text: version, quiet: version })));

  return program.helpCommand(false);
}
