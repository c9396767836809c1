import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { settingsFrom } from '../../adapters/http/settings.ts';
import { type ServerOptions, startServer } from '../../adapters/node/server.ts';
import {
  type DirectoryKeyStoreOptions,
  directoryConsumerStore,
  directoryKeyStore,
} from '../../adapters/stores/directory.ts';
import { type ConsumerStore, FlowKeysError, type KeyStore } from '../../src/index.ts';
import { CommandError } from '../output/command-error.ts';
import type { Terminal } from '../output/terminal.ts';

export interface ServeOptions {
  /** A directory with private keys. Without it, the environment configures a key store on AWS. */
  readonly keys: string | undefined;
  readonly allowWorldReadable: boolean;
  readonly allowGroupWritable: boolean;
  readonly host: string;
  readonly port: number;
}

/** Runs the HTTP service until SIGTERM or SIGINT. */
export async function serve({ keys, host, port, ...allowed }: ServeOptions, terminal: Terminal): Promise<undefined> {
  if (keys !== undefined) await assertDirectory(keys);
  const stores = keys === undefined ? await awsStores() : directoryStores({ directory: keys, ...allowed });
  const server = await startServer({
    ...settingsFrom(process.env),
    ...rateLimitFrom(process.env),
    ...stores,
    hostname: host,
    port,
  });
  console.log(JSON.stringify({ level: 'INFO', message: 'listening', origin: server.origin }));
  if (terminal.isInteractive) terminal.note(invitation(server.origin));
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  await server.stop();
}

function invitation(origin: string): string {
  const request = `curl ${origin}/v1/decrypt -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' -d '{"ciphertext":"AYA…"}'`;
  return `Listening on ${origin}; Ctrl-C stops it. Try it:\n  ${request}`;
}

async function assertDirectory(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) return;
  const what = found === undefined ? `There is no directory ${path}` : `${path} is a file, not a directory`;
  throw new CommandError('unreadable_file', `${what}; pass the directory that holds the keys as --keys.`);
}

/** `RATE_LIMIT`: how many requests one caller may make in ten seconds. */
function rateLimitFrom({ RATE_LIMIT: text = '' }: NodeJS.ProcessEnv): Pick<ServerOptions, 'rateLimit'> {
  if (text === '') return {};
  if (/^[1-9]\d{0,8}$/.test(text)) return { rateLimit: Number(text) };
  throw new FlowKeysError(
    'not_configured',
    'RATE_LIMIT must be a whole number: how many requests one caller may make in ten seconds.',
  );
}

interface Stores {
  readonly keyStore: KeyStore;
  readonly consumerStore: ConsumerStore;
}

function directoryStores(options: DirectoryKeyStoreOptions): Stores {
  return { keyStore: directoryKeyStore(options), consumerStore: directoryConsumerStore(options) };
}

async function awsStores(): Promise<Stores> {
  if (!process.env['AWS_REGION']) {
    throw new FlowKeysError('not_configured', 'Pass --keys DIR, or set AWS_REGION to read keys from AWS.');
  }
  const { awsConsumerStore, awsKeyStore } = await import('../../adapters/stores/from-environment.ts');
  return { keyStore: awsKeyStore(process.env), consumerStore: awsConsumerStore(process.env) };
}
