import { once } from 'node:events';
import { FlowKeysError, type KeyStore } from '../../src/index.ts';
import { settingsFrom } from '../http/settings.ts';
import { directoryKeyStore } from '../key-stores/directory.ts';
import { startServer } from '../node/server.ts';

export interface ServeOptions {
  /** A directory of keys; without it, the key store on AWS that the environment configures. */
  readonly keys: string | undefined;
  readonly allowWorldReadable: boolean;
  readonly host: string;
  readonly port: number;
}

/** Serves the HTTP service until SIGTERM or SIGINT. */
export async function serve({ keys, allowWorldReadable, host, port }: ServeOptions): Promise<void> {
  const keyStore =
    keys === undefined ? await awsKeyStore() : directoryKeyStore({ directory: keys, allowWorldReadable });
  const server = await startServer({ ...settingsFrom(process.env), keyStore, hostname: host, port });
  console.log(JSON.stringify({ level: 'INFO', message: 'listening', origin: server.origin }));
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  await server.stop();
}

async function awsKeyStore(): Promise<KeyStore> {
  if (!process.env['AWS_REGION']) {
    throw new FlowKeysError('not_configured', 'Pass --keys DIR, or set AWS_REGION to read keys from AWS.');
  }
  const { awsKeyStore } = await import('../key-stores/aws-key-store.ts');
  return awsKeyStore(process.env);
}
