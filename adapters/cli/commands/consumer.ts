import { assertConsumerName, type Consumer, encryptFor, FlowKeysError, parseConsumer } from '../../../src/index.ts';
import { createClient } from '../../client/client.ts';
import { readCertificate } from '../certificate.ts';
import { CommandError, exitCodes } from '../command-error.ts';
import { encryptAsConnect } from '../connect-simulator.ts';
import { type ConsumerRegistry, openRegistry, type RegistryOptions } from '../consumer-registry.ts';
import { openForConsumer } from '../consumer-side.ts';
import { readText } from '../files.ts';
import { freshInput } from '../proof.ts';
import { type Answer, coloured, type Terminal, table } from '../terminal.ts';

export interface ConsumerAddOptions extends RegistryOptions {
  /** A file: PEM text of a public key or a certificate, or a JWK. */
  readonly publicKey: string;
  readonly format: string;
  readonly keyId: readonly string[];
  readonly field: readonly string[];
  /** Put it in place of one that is registered already. */
  readonly replace: boolean;
}

/** Registers a consumer, once something was encrypted for it. */
export async function addConsumer(name: string, options: ConsumerAddOptions, terminal: Terminal): Promise<Answer> {
  assertConsumerName(name);
  const registry = await openRegistry(options);
  const { format, keyId: keyIds, field: fields } = options;
  if (keyIds.length === 0 || fields.length === 0) {
    throw new CommandError(
      'invalid_option',
      "Pass --key-id and --field: what a consumer may have is listed; '*' stands for all.",
    );
  }
  const publicKey = publicKeyIn(await readText(options.publicKey, 'the public key'));
  const document = JSON.stringify({ format, publicKey, keyIds, fields }, null, 2);
  const consumer = await parseConsumer(name, document);
  await encryptFor(consumer, new TextEncoder().encode(freshInput()), { field: 'test' });
  if (!options.replace && (await terminal.during('Looking for it', registry.consumer(name, {}))) !== undefined) {
    throw new CommandError(
      'conflict',
      `There is a consumer ${name} in ${registry.name} already; pass --replace to change it.`,
    );
  }
  await terminal.during(`Storing it in ${registry.name}`, registry.put(name, `${document}\n`));
  return {
    value: described(consumer),
    text: `${name} (${format}, ${consumer.algorithm}) may have ${fields.join(', ')} under ${keyIds.join(', ')}; it is in ${registry.name}.`,
  };
}

/** Who is registered, and whether something can be encrypted for them now. */
export async function listConsumers(options: RegistryOptions, terminal: Terminal): Promise<Answer> {
  const registry = await openRegistry(options);
  const names = await terminal.during('Reading the consumers', registry.names());
  const consumers = await terminal.during(
    'Reading the consumers',
    Promise.all(names.map((name) => listed(name, registry))),
  );
  const rows = consumers.map(({ name, state, format = '', algorithm = '', fields = [] }) => [
    name,
    format,
    algorithm,
    fields.join(' '),
    state,
  ]);
  const [heading = '', ...lines] = table([['NAME', 'FORMAT', 'ALGORITHM', 'FIELDS', 'STATE'], ...rows]).split('\n');
  const isInOrder = consumers.every(({ state }) => state === 'ok');
  return {
    value: { store: registry.name, consumers },
    text:
      consumers.length === 0 ? `No consumers in ${registry.name}.` : [coloured('bold', heading), ...lines].join('\n'),
    exitCode: isInOrder ? exitCodes.done : exitCodes.findings,
  };
}

export async function removeConsumer(name: string, options: RegistryOptions, terminal: Terminal): Promise<Answer> {
  assertConsumerName(name);
  const registry = await openRegistry(options);
  if ((await terminal.during('Looking for it', registry.consumer(name, {}))) === undefined) {
    return { value: { name, removed: false }, text: `There is no consumer ${name} in ${registry.name}.` };
  }
  await terminal.confirm(
    `Remove consumer ${name} from ${registry.name}? Nothing is encrypted for it any more, at the latest in five minutes.`,
  );
  await terminal.during('Removing it', registry.remove(name));
  return { value: { name, removed: true }, text: `${name} is removed from ${registry.name}.` };
}

export interface ConsumerTestOptions extends RegistryOptions {
  readonly field: string;
  /** A file: the consumer's private key, to read what was made for it. */
  readonly privateKey?: string;
  /** Let this service make it; without, it is made here. */
  readonly endpoint?: string;
  readonly tokenFile?: string;
  /** The security key and the flow's certificate, for the message that the service is given. */
  readonly keyId?: string;
  readonly certificate?: string;
}

/** Has a fresh input encrypted for a consumer, here or by the HTTP service, and reads it as the consumer would. */
export async function testConsumer(name: string, options: ConsumerTestOptions, terminal: Terminal): Promise<Answer> {
  assertConsumerName(name);
  const registry = await openRegistry(options);
  const consumer = await terminal.during('Reading the consumer', read(name, registry));
  const input = freshInput();
  const make =
    options.endpoint === undefined
      ? encryptFor(consumer, new TextEncoder().encode(input), { field: options.field })
      : reencrypted(name, input, options.endpoint, options);
  const ciphertext = await terminal.during('Encrypting a fresh input', make);
  const by = options.endpoint ?? 'this command';
  if (options.privateKey === undefined) {
    return {
      value: { name, encryptedBy: by, read: null, ciphertext },
      text: `${by} encrypted a fresh input for ${name}; with --private-key, it is read as ${name} would.`,
    };
  }
  const opened = await openForConsumer(consumer, await readText(options.privateKey, 'the private key'), ciphertext);
  if (opened.plaintext !== input || opened.field !== options.field) {
    throw new CommandError(
      'conflict',
      `What ${by} encrypted for ${name} reads as something else; check that both use the same registry.`,
    );
  }
  return {
    value: { name, encryptedBy: by, read: true },
    text: `${name} reads its field ${options.field}: ${by} encrypted a fresh input for it, and its private key opened it.`,
  };
}

async function reencrypted(
  name: string,
  input: string,
  endpoint: string,
  { field, tokenFile, keyId, certificate }: ConsumerTestOptions,
): Promise<string> {
  if (keyId === undefined || certificate === undefined) {
    throw new CommandError(
      'invalid_option',
      'With --endpoint, pass --key-id and --certificate of the security key, too: the service is given a message of Connect.',
    );
  }
  const { publicKey } = readCertificate(await readText(certificate, 'the certificate'), 'The certificate');
  const message = await encryptAsConnect(input, keyId, publicKey);
  const token = tokenFile === undefined ? {} : { token: (await readText(tokenFile, 'the token')).trim() };
  const client = createClient({ baseUrl: endpoint, ...token });
  const { results } = await client.reencrypt(
    message,
    { field, consumers: [name] },
    { signal: AbortSignal.timeout(15_000) },
  );
  const [result] = results;
  if (result !== undefined && 'ciphertext' in result) return result.ciphertext;
  throw result?.error ?? new FlowKeysError('service_unreachable', `${endpoint} answered nothing for ${name}.`);
}

async function read(name: string, registry: ConsumerRegistry): Promise<Consumer> {
  const document = await registry.consumer(name, {});
  if (document !== undefined) return parseConsumer(name, document);
  throw new FlowKeysError(
    'unknown_consumer',
    `There is no consumer ${name} in ${registry.name}; "flow-keys consumer add" registers it.`,
  );
}

type Described = Pick<Consumer, 'format' | 'algorithm' | 'keyIds' | 'fields' | 'kid'>;

type Listed = { readonly name: string; readonly state: string } & Partial<Described>;

async function listed(name: string, registry: ConsumerRegistry): Promise<Listed> {
  try {
    const consumer = await read(name, registry);
    await encryptFor(consumer, new TextEncoder().encode(freshInput()), { field: 'test' });
    return { ...described(consumer), state: 'ok' };
  } catch (error) {
    if (!(error instanceof FlowKeysError)) throw error;
    return { name, state: `${error.code}: ${error.message}` };
  }
}

function described({ name, format, algorithm, keyIds, fields, kid }: Consumer) {
  return { name, format, algorithm, keyIds, fields, kid };
}

/** PEM text as it is, a JWK as an object. */
function publicKeyIn(text: string): unknown {
  if (!text.trimStart().startsWith('{')) return text;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CommandError(
      'invalid_public_key',
      'The public key begins as a JWK, and is not JSON; check the file.',
      error,
    );
  }
}
