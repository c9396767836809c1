import { Command, CommanderError, Option } from 'commander';
import type { AwsOptions } from './aws.ts';
import {
  asking,
  bits,
  collect,
  command,
  described,
  instance,
  minutes,
  onAws,
  port,
  registered,
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
import { type Answer, type Streams, type Terminal, terminal } from './output/terminal.ts';
import { usageMessage, withoutSecrets } from './output/usage.ts';

// Each command's module is loaded when it is asked for: so `inspect` starts without an AWS client.

type Action<Options> = (options: Options, terminal: Terminal, ...operands: string[]) => Promise<Answer | undefined>;

/** Runs the command line, and says what the process is to end with. */
export async function main(given: readonly string[], { stdout, stderr }: Streams): Promise<ExitCode> {
  if (given.length === 0) {
    stdout.write(`${firstSteps}\n`);
    return exitCodes.done;
  }
  // commander's own "help" knows no commands of commands.
  const args = given[0] === 'help' ? [...given.slice(1), '--help'] : given;
  const json = args.includes('--json');
  let exitCode: ExitCode = exitCodes.done;
  const program = createProgram(run);
  for (const each of allCommands(program)) {
    each.exitOverride();
    each.configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => json || stderr.write(text),
      // An error of usage is reported as any other.
      outputError: () => {},
    });
    withHelp(each);
  }
  try {
    // The library that completes adds a command of its own, which would only be in the way of the others.
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

  /** An action of commander's: operands, then options, then the command. */
  // biome-ignore lint/suspicious/noExplicitAny: commander parses the options into what the command declares
  function run(action: Action<any>, { needsInstance = false } = {}): (...given: unknown[]) => Promise<void> {
    return async (...given) => {
      const [parsed, ...operands] = [...given.slice(0, -1)].reverse();
      const options = parsed as CommonOptions;
      const { yes = false, quiet = false, instance } = options;
      try {
        const texts = operands.reverse().map((operand) => operand as string);
        const user = terminal({ yes, quiet: json || quiet, stdout, stderr });
        const answer = await action(
          needsInstance || instance !== undefined
            ? { ...options, instance: await (await instances()).resolveInstance(instance, options, user) }
            : options,
          user,
          ...texts,
        );
        if (answer) say(answer, quiet);
      } catch (error) {
        fail(error);
      }
    };
  }

  function say({ value, text, quiet, isOnStandardError, exitCode: code = exitCodes.done }: Answer, isQuiet: boolean) {
    const said = json ? JSON.stringify(value, null, 2) : isQuiet ? quiet : text;
    if (said !== undefined) (isOnStandardError ? stderr : stdout).write(`${said}\n`);
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

async function complete(program: Command, args: readonly string[]): Promise<void> {
  const { default: tab } = await import('@bomb.sh/tab/commander');
  tab(program);
  program.parse(
    args.map((argument, index) => (index === 0 && argument === 'completion' ? 'complete' : argument)),
    { from: 'user' },
  );
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

function instances() {
  return import('./connect/instances.ts');
}

function consumers() {
  return import('./commands/consumer.ts');
}

function createProgram(
  // biome-ignore lint/suspicious/noExplicitAny: commander parses the options into what the command declares
  run: (action: Action<any>, needs?: { readonly needsInstance: boolean }) => (...given: unknown[]) => Promise<void>,
): Command {
  const version = process.env.FLOW_KEYS_VERSION ?? '';
  const program = new Command('flow-keys')
    .description('Create, rotate and test Amazon Connect flow security keys.')
    .version(version, '-V, --version', 'print the version')
    // What stands behind a command is that command's: "flow" and "flow check" both have options.
    .enablePositionalOptions()
    .addHelpText(
      'after',
      `\nExit codes: ${Object.entries(exitCodes)
        .map(([name, code]) => `${code} ${name}`)
        .join(', ')}.`,
    );

  program.commandsGroup('Start here:');
  described(asking(writing(command(program, 'setup'))))
    .description('from an instance to a flow that works; interrupted and run again, it goes on from there')
    .addOption(instance())
    .requiredOption('--function <name or ARN>', 'the deployed Lambda function that decrypts')
    .option('--key-id <id>', 'the key that the flow names; by default the one that the instance and the store have')
    .addOption(bits())
    .option('--subject <name>', 'distinguished name of the certificate', 'CN=flow-security-keys')
    .option('--days <number>', 'how long the certificate is valid', wholeNumber, 365)
    .option('--no-call', 'play no call at the end')
    .option('--dry-run', 'print the plan, and do nothing')
    .action(
      run(async (options, terminal) => (await import('./commands/setup.ts')).setUp(options, terminal), {
        needsInstance: true,
      }),
    );

  program.commandsGroup('Keys:');
  const keys = program.command('keys').description('make keys, upload them to Connect, list and retire them');

  yielding(writing(command(keys, 'create'), { isOptional: true }), 'store', ['printPrivateKey'])
    .description('make an RSA key pair and a self-signed certificate')
    .addOption(bits())
    .option('--subject <name>', 'distinguished name of the certificate', 'CN=flow-security-keys')
    .option('--days <number>', 'how long the certificate is valid', wholeNumber, 365)
    .option('--out <directory>', 'where the files are written', '.')
    .option('--print-private-key', 'print the private key instead of storing it')
    .action(
      run(async (options, terminal) => (await import('./commands/keys-create.ts')).createKeys(options, terminal)),
    );

  writing(command(keys, 'associate'))
    .description('upload a public key to Connect, and store the private key under the id that it gets')
    .addOption(instance())
    .requiredOption('--private-key <file or id>', 'a file, or the id new-… of "keys create --store"')
    .option('--certificate <file>', 'the certificate of the key; needed with a file')
    .option('--passphrase-file <file>', 'the passphrase of an encrypted key; by default it is asked for')
    .action(
      run(async (options, terminal) => (await import('./commands/keys-associate.ts')).associateKey(options, terminal), {
        needsInstance: true,
      }),
    );

  writing(command(keys, 'import'))
    .description('store a private key from elsewhere under the id that Connect has for its public key')
    .argument('<source>', 'a file, or the name or ARN of a parameter or a secret; "-" reads standard input')
    .addOption(
      new Option('--from <kind>', 'what the source is').choices(['file', 'ssm', 'secrets-manager']).default('file'),
    )
    .addOption(instance())
    .option('--key-id <id>', 'the key id, where the instance is not to be asked')
    .option('--passphrase-file <file>', 'the passphrase of an encrypted key; by default it is asked for')
    .option('--certificate <file>', 'the certificate that the flow carries; without it, one is made')
    .option('--subject <name>', 'distinguished name of a made certificate', 'CN=flow-security-keys')
    .option('--days <number>', 'how long a made certificate is valid', wholeNumber, 365)
    .action(
      run(async (options, terminal, source = '') =>
        (await import('./commands/keys-import.ts')).importKey(source, options, terminal),
      ),
    );

  stored(command(keys, 'list'))
    .description("Connect's keys beside those of a store: what is missing where, when certificates end")
    .addOption(instance())
    .action(run(async (options, terminal) => (await import('./commands/keys-list.ts')).listKeys(options, terminal)));

  yielding(asking(stored(command(keys, 'retire'))), 'instance', ['deletePrivateKey'])
    .description('take a key from Connect, and from the store if asked')
    .argument('<key-id>')
    .addOption(instance())
    .option('--delete-private-key', 'remove the private key from the store, too')
    .action(
      run(async (options, terminal, keyId = '') =>
        (await import('./commands/keys-retire.ts')).retireKey(keyId, options, terminal),
      ),
    );

  asking(writing(command(program, 'rotate')))
    .description('replace a key while calls go on; interrupted and run again, it goes on from there')
    .addOption(instance())
    .option('--key-id <id>', 'the key to replace; by default the only one that Connect holds')
    .option('--flow <id>', 'a flow to publish with the new key; may be given several times', collect, [])
    .option('--handed-out', 'the flows were given the new key by hand')
    .option('--wait <minutes>', 'how long calls under the old key may last', minutes, 60)
    // A service reads a consumer that it refuses again, if it did not within the last ten seconds.
    .option('--consumer-wait <seconds>', 'how long until services have read a changed consumer', seconds, 11)
    .option('--function <name or ARN>', 'prove the new key with this Lambda function, too')
    .option('--endpoint <url>', 'prove the new key with this HTTP service, too')
    .option('--token-file <file>', 'the bearer token for the HTTP service')
    .addOption(bits())
    .option('--subject <name>', 'distinguished name of the certificate', 'CN=flow-security-keys')
    .option('--days <number>', 'how long the certificate is valid', wholeNumber, 365)
    .option('--state <file>', 'what an interrupted rotation remembers', 'flow-keys-rotation.json')
    .option('--dry-run', 'print the plan, and do nothing')
    .action(
      run(async (options, terminal) => (await import('./commands/rotate.ts')).rotate(options, terminal), {
        needsInstance: true,
      }),
    );

  onAws(command(program, 'instances'))
    .description('list the Amazon Connect instances of the account and region')
    .action(
      run(async (options, terminal) => (await import('./commands/instances.ts')).showInstances(options, terminal)),
    );

  program.commandsGroup('Inputs:');
  command(program, 'inspect')
    .description('what a ciphertext says without a key')
    .argument('<ciphertext>', 'the text, or a file; "-" reads standard input')
    .action(
      run(async (_, __, ciphertext = '') => (await import('./commands/inspect.ts')).inspectCiphertext(ciphertext)),
    );

  stored(command(program, 'decrypt'))
    .description('decrypt a ciphertext; what the caller typed is shown only with --reveal')
    .argument('[ciphertext]', 'the text, or a file; "-" reads standard input')
    .option('--key-id <id>', 'the key id that the message must name')
    .option('--private-key <file>', 'decrypt with the private key of this file, instead of the store')
    .option('--passphrase-file <file>', 'the passphrase of an encrypted key; by default it is asked for')
    .option('--reveal', 'show what the caller typed')
    .option('--lines <fields>', 'decrypt these fields of JSON lines, from a file or standard input, in place')
    .option('--all-suites', 'accept suites that Connect does not use')
    .action(
      run(async (options, terminal, ciphertext) =>
        (await import('./commands/decrypt.ts')).decryptCiphertext(ciphertext, options, terminal),
      ),
    );

  command(program, 'encrypt')
    .description('encrypt an input as Connect would, to test without a phone call')
    .argument('<input>', 'what a caller types; "-" reads standard input')
    .requiredOption('--certificate <file>', 'the certificate that the flow carries')
    .requiredOption('--key-id <id>', 'the key id that the flow names')
    .action(
      run(async (options, terminal, input = '') =>
        (await import('./commands/encrypt.ts')).encryptInput(input, options, terminal),
      ),
    );

  stored(command(program, 'doctor'))
    .description('check each step from a message to its answer, and say what to mend first')
    .argument('[ciphertext]', 'the text, or a file; "-" reads standard input')
    .option('--event <file>', 'the event of the function, as JSON; "-" reads standard input')
    .option('--key-id <id>', 'the key id that the flow names')
    .addOption(instance())
    .option('--certificate <file>', 'the certificate that the flow carries; by default the one in the store')
    .option('--function <name or ARN>', 'the Lambda function: its policy, its association, its settings, a live call')
    .option('--flow <id or file>', 'the flow that the settings of the function must fit')
    .option('--endpoint <url>', 'the HTTP service: a live call')
    .option('--token-file <file>', 'the bearer token for the HTTP service')
    .action(
      run(async (options, terminal, ciphertext) =>
        (await import('./commands/doctor.ts')).doctor(ciphertext, options, terminal),
      ),
    );

  program.commandsGroup('Flows:');
  const flow = program.command('flow').description('contact flows: written, checked, tried, published');

  described(stored(command(flow, 'write')))
    .description('write a flow or a module with secure input')
    .requiredOption('--key-id <id>', 'the key id that the flow names')
    .option('--certificate <file>', 'the certificate of that key; by default the one in the store')
    .requiredOption('--function <name or ARN>', 'the Lambda function that decrypts')
    .option('--out <file>', 'where it is written; by default standard output')
    .action(
      run(async (options, terminal) => (await import('./commands/flow-write.ts')).writeContactFlow(options, terminal)),
    );

  asking(stored(command(flow, 'publish')))
    .description('create or update a flow or a module of an instance')
    .argument('<file>', 'an exported or written flow; "-" reads standard input')
    .addOption(instance())
    .option('--name <name>', 'the name of the flow; by default the one that the file carries')
    .option('--from <instance>', 'the instance that the file is of: what the flow uses is found by name')
    .option('--key-id <id>', 'with --from: the key of the instance that the flow is to name')
    .action(
      run(
        async (options, terminal, file = '') =>
          (await import('./commands/flow-publish.ts')).publishFlow(file, options, terminal),
        { needsInstance: true },
      ),
    );

  yielding(onAws(command(flow, 'check')), 'instance', ['operand'])
    .description('look for what leaks an input, loses it, or makes calls fail; --instance alone checks all its flows')
    .argument('[file]', 'an exported flow, or a template with flows; "-" reads standard input')
    .addOption(instance())
    .option('--flow <id>', 'a flow of the instance, instead of a file')
    .option('--function <name or ARN>', 'the Lambda function whose settings the flow must fit')
    .option('--accept <code[:block]>', 'a finding to accept; may be given several times', collect, [])
    .option('--accepted <file>', 'a file with findings to accept, one a line')
    .addOption(
      new Option('--fail-on <severity>', 'the least severe finding to fail on')
        .choices(['error', 'warning', 'note'])
        .default('warning'),
    )
    .option('--rate <number>', 'calls a second, when all flows are checked', wholeNumber, 1)
    .action(
      run(async (options, terminal, file) =>
        (await import('./commands/flow-check.ts')).checkContactFlow(file, options, terminal),
      ),
    );

  yielding(stored(command(flow, 'try'), { isOptional: true }), 'store', ['function', 'endpoint', 'answer'])
    .description('play a call through a flow, without a phone')
    .argument('<file>', 'an exported flow; "-" reads standard input')
    .option(
      '--keys <keys>',
      "what the caller presses at each input, such as '4444444444444448#,1228#'; empty is silence",
    )
    .option('--function <name or ARN>', 'the Lambda function to invoke')
    .option('--endpoint <url>', 'or the HTTP service to call')
    .option('--token-file <file>', 'a file with its bearer token')
    .option('--answer <file>', 'or a file with what the function answers')
    .option('--branch <block=branch>', 'a branch that a block is to take; may be given several times', collect, [])
    .action(
      run(async (options, terminal, file = '') =>
        (await import('./commands/flow-try.ts')).tryFlow(file, options, terminal),
      ),
    );

  program.commandsGroup('Consumers:');
  stored(command(program.command('certificate').description('certificates for consumers'), 'issue'))
    .description('a certificate signed by an uploaded key, for one consumer (not tried on a live instance)')
    .requiredOption('--subject <name>', 'distinguished name of the consumer, as CN=billing')
    .option('--days <number>', 'how long the certificate is valid', wholeNumber, 90)
    .option('--key-id <id>', 'the uploaded key that signs, from the store')
    .option('--issuer-private-key <file>', 'or its private key from a file')
    .option('--issuer-certificate <file>', 'and its certificate')
    .option('--public-key <file>', "the consumer's public key; without it a key pair is made")
    .addOption(bits())
    .option('--out <directory>', 'where the files are written', '.')
    .action(
      run(async (options, terminal) =>
        (await import('./commands/certificate-issue.ts')).issueCertificate(options, terminal),
      ),
    );

  const consumer = program.command('consumer').description('the systems that inputs are encrypted for again');

  registered(command(consumer, 'add'))
    .description('register a consumer, or change one')
    .argument('<name>')
    .requiredOption('--public-key <file>', 'its public key or certificate in PEM, or a JWK')
    .addOption(
      new Option('--format <format>', 'what is made for it').choices(['jwe', 'aws-encryption-sdk']).default('jwe'),
    )
    .option(
      '--key-id <id>',
      "a security key whose messages it may have; may be given several times, '*' is all",
      collect,
      [],
    )
    .option('--field <name>', "a field that it may have; may be given several times, '*' is all", collect, [])
    .option('--replace', 'put it in place of one that is registered')
    .action(run(async (options, terminal, name = '') => (await consumers()).addConsumer(name, options, terminal)));

  registered(command(consumer, 'list'))
    .description('who is registered, and whether something can be encrypted for them')
    .action(run(async (options, terminal) => (await consumers()).listConsumers(options, terminal)));

  asking(registered(command(consumer, 'remove')))
    .description('take a consumer from the registry')
    .argument('<name>')
    .action(run(async (options, terminal, name = '') => (await consumers()).removeConsumer(name, options, terminal)));

  registered(command(consumer, 'test'))
    .description('have a fresh input encrypted for a consumer, and read it as the consumer would')
    .argument('<name>')
    .option('--field <name>', 'the field that the input is of; by default the first that it may have')
    .option('--private-key <file>', "the consumer's private key, in PEM or as a JWK")
    .option('--endpoint <url>', 'let this HTTP service encrypt; without, it is done here')
    .option('--token-file <file>', 'the bearer token for the HTTP service')
    .option('--key-id <id>', 'with --endpoint: the security key')
    .option('--certificate <file>', 'with --endpoint: its certificate')
    .action(run(async (options, terminal, name = '') => (await consumers()).testConsumer(name, options, terminal)));

  program.commandsGroup('HTTP service:');
  command(program, 'token')
    .description('a new bearer token for the HTTP service, and the setting that lets its bearer in')
    .option('--key-ids <ids>', 'limit it to key ids, with commas between')
    .option('--routes <names>', 'limit it to routes, with commas between')
    .option('--consumers <names>', 'let it encrypt for these consumers')
    .option('--fields <names>', 'limit it to fields')
    .option('--out <file>', 'write the token to a new file that only you may read, instead of showing it')
    .action(run(async (options) => (await import('./commands/token.ts')).issueToken(options)));

  command(program, 'serve')
    .description('serve the HTTP service, with the keys of a directory or, without, of AWS')
    .option('--keys <directory>', 'private keys, as directory/key-id/private-key.pem')
    .option('--host <address>', 'where to listen', '127.0.0.1')
    .option('--port <number>', 'where to listen', port, 8080)
    .option('--allow-world-readable', 'accept key files that every user may read')
    .option('--allow-group-writable', 'accept files and folders that their group may write')
    .action(
      run(async (options, terminal) => {
        await (await import('./commands/serve.ts')).serve(options, terminal);
        return undefined;
      }),
    );

  program.commandsGroup('Other:');
  program
    .command('completion')
    .description('a script that completes commands and options')
    .addArgument(program.createArgument('<shell>').choices(shells))
    .action(() => {});

  program
    .command('help')
    .description('show the help of a command')
    .argument('[command...]')
    .action(() => {});

  program
    .command('version')
    .description('print the version')
    .action(run(async () => ({ value: { version }, text: version, quiet: version })));

  return program.helpCommand(false);
}
