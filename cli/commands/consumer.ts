import { createClient } from '../../adapters/client/client.ts';
import { assertConsumerName, type Consumer, encryptFor, FlowKeysError, parseConsumer } from '../../src/index.ts';
import { everything } from '../../src/internal.ts';
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
  const registry = await openConsumerStore(options);
  const { format, keyId: keyIds, field: fields } = options;
  if (keyIds.length === 0 || fields.length === 0) {
    throw new CommandError(
      'invalid_option',
      "Pass --key-id and --field: what a consumer may have is listed; '*' stands for all.",
    );
  }
  const publicKey = publicKeyIn(await readKeyFile(options.publicKey, 'the public key'));
  // All of the text is looked at, as a private key may stand behind the certificate; the first block is kept.
  const consumer = await parseConsumer(name, JSON.stringify({ format, publicKey, keyIds, fields }));
  const document = JSON.stringify({ format, publicKey: firstBlock(publicKey), keyIds, fields }, null, 2);
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
export async function listConsumers(options: ConsumerStoreOptions, terminal: Terminal): Promise<Answer> {
  const registry = await openConsumerStore(options);
  const documents = await terminal.during('Reading the consumers', registry.all());
  const consumers = await Promise.all(Array.from(documents, ([name, document]) => listed(name, document)));
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

/** Removes what is registered under a name, be it usable or not. */
export async function removeConsumer(name: string, options: ConsumerStoreOptions, terminal: Terminal): Promise<Answer> {
  const registry = await openConsumerStore(options);
  const documents = await terminal.during('Looking for it', registry.all());
  if (!documents.has(name)) {
    assertConsumerName(name);
    return { value: { name, removed: false }, text: `There is no consumer ${name} in ${registry.name}.` };
  }
  const shown = printable(name);
  await terminal.confirm(
    `Remove consumer ${shown} from ${registry.name}? Within five minutes, nothing is encrypted for it any more.`,
  );
  await terminal.during('Removing it', registry.remove(name));
  return { value: { name, removed: true }, text: `${shown} is removed from ${registry.name}.` };
}

export interface ConsumerTestOptions extends ConsumerStoreOptions {
  /** Default: the first that the consumer may have. */
  readonly field?: string;
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
  const registry = await openConsumerStore(options);
  const consumer = await terminal.during('Reading the consumer', read(name, registry));
  const field = options.field ?? consumer.fields.find((name) => name !== everything) ?? 'test';
  if (!consumer.fields.includes(field) && !consumer.fields.includes(everything)) {
    throw new FlowKeysError(
      'forbidden',
      `Consumer ${name} may not have field ${field}. Add it with "flow-keys consumer add --replace" if it may.`,
    );
  }
  const input = freshInput();
  const make =
    options.endpoint === undefined
      ? encryptFor(consumer, new TextEncoder().encode(input), { field })
      : reencrypted({ name, field, input, endpoint: options.endpoint }, options);
  const ciphertext = await terminal.during('Encrypting a fresh input', make);
  const by = options.endpoint ?? 'this command';
  if (options.privateKey === undefined) {
    return {
      value: { name, field, encryptedBy: by, read: null, ciphertext },
      text: `${by} encrypted a fresh input for ${name}; with --private-key, it is read as ${name} would.`,
    };
  }
  const opened = await openForConsumer(consumer, await readKeyFile(options.privateKey, 'the private key'), ciphertext);
  if (opened.plaintext !== input || opened.field !== field || opened.consumer !== name) {
    const message = `What ${by} encrypted for ${name} reads as something else; check that both use the same registry.`;
    throw new CommandError('conflict', message);
  }
  return {
    value: { name, field, encryptedBy: by, read: true },
    text: `${name} reads its field ${field}: ${by} encrypted a fresh input for it, and its private key opened it.`,
  };
}

async function reencrypted(
  { name, field, input, endpoint }: Readonly<Record<'name' | 'field' | 'input' | 'endpoint', string>>,
  { tokenFile, keyId, certificate }: ConsumerTestOptions,
): Promise<string> {
  if (keyId === undefined || certificate === undefined) {
    throw new CommandError(
      'invalid_option',
      'With --endpoint, pass --key-id and --certificate of the security key, too: the service is given a message of Connect.',
    );
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
  throw result?.error ?? new FlowKeysError('service_unreachable', `${endpoint} answered nothing for ${name}.`);
}

async function read(name: string, registry: WritableConsumerStore): Promise<Consumer> {
  const document = await registry.consumer(name, {});
  if (document !== undefined) return parseConsumer(name, document);
  throw new FlowKeysError(
    'unknown_consumer',
    `There is no consumer ${name} in ${registry.name}; "flow-keys consumer add" registers it.`,
  );
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

/** Of a chain of certificates, the first: a parameter holds 4 KB. */
function firstBlock(publicKey: unknown): unknown {
  if (typeof publicKey !== 'string') return publicKey;
  return publicKey.match(/-----BEGIN ([^-]+)-----.*?-----END \1-----/s)?.[0] ?? publicKey;
}
