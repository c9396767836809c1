import { createClient } from '../../adapters/client/client.ts';
import { assertConsumerName, type Consumer, encryptFor, FlowKeysError, parseConsumer } from '../../src/index.ts';
import { everything, parseJson } from '../../src/internal.ts';
import { encryptAsConnect } from '../connect/simulator.ts';
import { openForConsumer } from '../consumer-side.ts';
import { readKeyFile } from '../files.ts';
import { readCertificate } from '../keys/certificate.ts';
import { CommandError, exitCodes } from '../output/command-error.ts';
import { type Answer, coloured, printable, type Terminal, table } from '../output/terminal.ts';
import { freshInput } from '../proof.ts';
import { readService } from '../service.ts';
import type { ConsumerStoreOptions, WritableConsumerStore } from '../stores/consumer-store.ts';
import { openConsumerStore } from '../stores/open.ts';

export interface ConsumerAddOptions extends ConsumerStoreOptions {
  /** A file with a public key or a certificate as PEM, or a JWK. */
  readonly publicKey: string;
  readonly format: string;
  readonly keyId: readonly string[];
  readonly field: readonly string[];
  /** Replace the consumer if it is already registered. */
  readonly replace: boolean;
}

/** Registers a consumer, after checking that an input can be encrypted for it. */
export async function addConsumer(name: string, options: ConsumerAddOptions, terminal: Terminal): Promise<Answer> {
  assertConsumerName(name);
  const consumerStore = await openConsumerStore(options);
  const { format, keyId: keyIds, field: fields } = options;
  if (keyIds.length === 0 || fields.length === 0) {
    const message = "Pass --key-id and --field to say what the consumer may receive; '*' means all.";
    throw new CommandError('invalid_option', message);
  }
  const publicKey = publicKeyIn(await readKeyFile(options.publicKey, 'the public key'));
  // The whole text is checked, because a private key may follow the certificate. Only the first block is stored.
  const consumer = await parseConsumer(name, JSON.stringify({ format, publicKey, keyIds, fields }));
  const document = JSON.stringify({ format, publicKey: firstBlock(publicKey), keyIds, fields }, null, 2);
  await encryptFor(consumer, new TextEncoder().encode(freshInput()), { field: 'test' });
  if (
    !options.replace &&
    (await terminal.during('Looking up the consumer', consumerStore.consumer(name, {}))) !== undefined
  ) {
    const message = `Consumer ${name} is already in ${consumerStore.name}; pass --replace to change it.`;
    throw new CommandError('conflict', message);
  }
  await terminal.during(`Storing it in ${consumerStore.name}`, consumerStore.put(name, `${document}\n`));
  return {
    value: described(consumer),
    text: `${name} (${format}, ${consumer.algorithm}) may receive ${fields.join(', ')} encrypted under ${keyIds.join(', ')}. It is registered in ${consumerStore.name}.`,
  };
}

/** Lists the consumers, and checks that an input can be encrypted for each. */
export async function listConsumers(options: ConsumerStoreOptions, terminal: Terminal): Promise<Answer> {
  const consumerStore = await openConsumerStore(options);
  const documents = await terminal.during('Reading the consumers', consumerStore.all());
  const consumers = await Promise.all(Array.from(documents, ([name, document]) => listed(name, document)));
  const rows = consumers.map(({ name, state, format = '', algorithm = '', fields = [] }) => [
    name,
    format,
    algorithm,
    fields.join(' '),
    state,
  ]);
  const headings = ['NAME', 'FORMAT', 'ALGORITHM', 'FIELDS', 'STATE'];
  const lines = table([headings, ...rows], (line, row) => (row === 0 ? coloured('bold', line) : line));
  const isInOrder = consumers.every(({ state }) => state === 'ok');
  return {
    value: { store: consumerStore.name, consumers },
    text: consumers.length === 0 ? `No consumers in ${consumerStore.name}.` : lines,
    exitCode: isInOrder ? exitCodes.done : exitCodes.findings,
  };
}

/** Removes a consumer, even if its document is invalid. */
export async function removeConsumer(name: string, options: ConsumerStoreOptions, terminal: Terminal): Promise<Answer> {
  const consumerStore = await openConsumerStore(options);
  const documents = await terminal.during('Looking up the consumer', consumerStore.all());
  if (!documents.has(name)) {
    assertConsumerName(name);
    return { value: { name, removed: false }, text: `There is no consumer ${name} in ${consumerStore.name}.` };
  }
  const shown = printable(name);
  await terminal.confirm(
    `Remove consumer ${shown} from ${consumerStore.name}? Services stop encrypting for it within five minutes.`,
  );
  await terminal.during('Removing the consumer', consumerStore.remove(name));
  return { value: { name, removed: true }, text: `${shown} was removed from ${consumerStore.name}.` };
}

export interface ConsumerTestOptions extends ConsumerStoreOptions {
  /** Default: the first that the consumer may receive. */
  readonly field?: string;
  /** A file with the consumer's private key, to decrypt the result. */
  readonly privateKey?: string;
  /** The HTTP service that encrypts. Without it, this command does. */
  readonly endpoint?: string;
  readonly tokenFile?: string;
  /** With `endpoint`: the security key, and the certificate in the flow. */
  readonly keyId?: string;
  readonly certificate?: string;
}

/** Encrypts a test input for a consumer, here or with the HTTP service, and decrypts it with the consumer's private key. */
export async function testConsumer(name: string, options: ConsumerTestOptions, terminal: Terminal): Promise<Answer> {
  assertConsumerName(name);
  const consumerStore = await openConsumerStore(options);
  const consumer = await terminal.during('Reading the consumer', read(name, consumerStore));
  const field = options.field ?? consumer.fields.find((name) => name !== everything) ?? 'test';
  if (!consumer.fields.includes(field) && !consumer.fields.includes(everything)) {
    const message = `Consumer ${name} may not receive field ${field}. To allow it, use "flow-keys consumer add --replace".`;
    throw new FlowKeysError('forbidden', message);
  }
  const input = freshInput();
  const make =
    options.endpoint === undefined
      ? encryptFor(consumer, new TextEncoder().encode(input), { field })
      : reencrypted({ name, field, input, endpoint: options.endpoint }, options);
  const ciphertext = await terminal.during('Encrypting a test input', make);
  const by = options.endpoint ?? 'this command';
  if (options.privateKey === undefined) {
    return {
      value: { name, field, encryptedBy: by, read: null, ciphertext },
      text: `A test input for ${name} was encrypted by ${by}. Pass --private-key to decrypt it as ${name} would.`,
    };
  }
  const opened = await openForConsumer(consumer, await readKeyFile(options.privateKey, 'the private key'), ciphertext);
  if (opened.plaintext !== input || opened.field !== field || opened.consumer !== name) {
    const message = `What ${by} encrypted for ${name} decrypts to something else; check that both use the same store of consumers.`;
    throw new CommandError('conflict', message);
  }
  return {
    value: { name, field, encryptedBy: by, read: true },
    text: `${name} can decrypt field ${field}: ${by} encrypted a test input for it, and its private key decrypted it.`,
  };
}

async function reencrypted(
  { name, field, input, endpoint }: Readonly<Record<'name' | 'field' | 'input' | 'endpoint', string>>,
  { tokenFile, keyId, certificate }: ConsumerTestOptions,
): Promise<string> {
  if (keyId === undefined || certificate === undefined) {
    const message =
      'With --endpoint, also pass --key-id and --certificate of a security key: the service needs a message.';
    throw new CommandError('invalid_option', message);
  }
  const { publicKey } = readCertificate(await readKeyFile(certificate, 'the certificate'), 'The certificate');
  const message = await encryptAsConnect(input, keyId, publicKey);
  const { token } = await readService(endpoint, tokenFile);
  const client = createClient({ baseUrl: endpoint, ...(token !== undefined && { token }) });
  const { results } = await client.reencrypt(
    message,
    { field, consumers: [name] },
    { signal: AbortSignal.timeout(15_000) },
  );
  const [result] = results;
  if (result !== undefined && 'ciphertext' in result) return result.ciphertext;
  throw (
    result?.error ??
    new FlowKeysError(
      'service_unreachable',
      `${endpoint} did not return a result for ${name}; check that it is this service.`,
    )
  );
}

async function read(name: string, consumerStore: WritableConsumerStore): Promise<Consumer> {
  const document = await consumerStore.consumer(name, {});
  if (document !== undefined) return parseConsumer(name, document);
  const message = `There is no consumer ${name} in ${consumerStore.name}; register it with "flow-keys consumer add".`;
  throw new FlowKeysError('unknown_consumer', message);
}

type Described = Pick<Consumer, 'format' | 'algorithm' | 'keyIds' | 'fields' | 'kid'>;

type Listed = { readonly name: string; readonly state: string } & Partial<Described>;

async function listed(name: string, document: string | FlowKeysError): Promise<Listed> {
  try {
    if (document instanceof FlowKeysError) throw document;
    const consumer = await parseConsumer(name, document);
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

/** A JWK as an object; PEM as text. */
function publicKeyIn(text: string): unknown {
  if (!text.trimStart().startsWith('{')) return text;
  const jwk = parseJson(text);
  if (jwk !== undefined) return jwk;
  throw new CommandError(
    'invalid_public_key',
    'The public key looks like a JWK, but is not valid JSON; check the file.',
  );
}

/** The first certificate of a chain, because a parameter holds at most 4 KB. */
function firstBlock(publicKey: unknown): unknown {
  if (typeof publicKey !== 'string') return publicKey;
  return publicKey.match(/-----BEGIN ([^-]+)-----.*?-----END \1-----/s)?.[0] ?? publicKey;
}
