import { CommandError } from '../output/command-error.ts';
import type { ConsumerStoreOptions, WritableConsumerStore } from './consumer-store.ts';
import type { KeyStoreOptions, WritableKeyStore } from './key-store.ts';

// Imports a store and its AWS client only when it is used.

/** @throws CommandError `invalid_option` for a store that does not exist */
export async function openKeyStore(options: KeyStoreOptions): Promise<WritableKeyStore> {
  if (options.store === 'ssm') return (await import('./ssm.ts')).ssmKeys(options);
  if (options.store === 'secrets-manager') return (await import('./secrets-manager.ts')).secretsManagerKeys(options);
  const directory = directoryOf(options.store);
  if (directory !== undefined) return (await import('./directory.ts')).directoryKeys(directory);
  const message = `There is no store "${options.store}"; pass --store ssm, secrets-manager, or directory:PATH.`;
  throw new CommandError('invalid_option', message);
}

/** @throws CommandError `invalid_option` for a store that does not exist */
export async function openConsumerStore(options: ConsumerStoreOptions): Promise<WritableConsumerStore> {
  if (options.store === 'ssm') return (await import('./ssm.ts')).ssmConsumers(options);
  const directory = directoryOf(options.store);
  if (directory !== undefined) return (await import('./directory.ts')).directoryConsumers(directory);
  throw new CommandError(
    'invalid_option',
    'Consumers are stored in ssm or directory:PATH; pass one of them as --store.',
  );
}

function directoryOf(store: string): string | undefined {
  return store.match(/^directory:(.+)$/)?.[1];
}
