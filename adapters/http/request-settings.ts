import { createConsumerCache, createDecryptor, createKeyCache, createRelay } from '../../src/index.ts';
import type { AppEnv, RequestSettings } from './context.ts';
import { callersLookupBudgets } from './lookup-budgets.ts';
import type { FlowSecurityKeysOptions } from './options.ts';

/** The options, or a function that makes them from the runtime's bindings. */
export type GivenOptions = FlowSecurityKeysOptions | ((bindings: AppEnv['Bindings']) => FlowSecurityKeysOptions);

/** Makes the settings of requests, once for each bindings object: a Worker's requests share theirs. */
export function requestSettings(given: GivenOptions) {
  const caches = { keyCache: createKeyCache(), consumerCache: createConsumerCache() };
  const lookupBudgetOf = callersLookupBudgets();
  const made = new WeakMap<object, RequestSettings>();

  function makeSettings(options: FlowSecurityKeysOptions): RequestSettings {
    const decryptor = createDecryptor({ ...caches, ...options });
    const { consumerStore } = options;
    const relay = consumerStore && createRelay({ ...caches, ...options, decryptor, consumerStore });
    return { ...options, decryptor, ...(relay && { relay }), lookupBudgetOf };
  }

  return (bindings: AppEnv['Bindings'] | undefined): RequestSettings => {
    const key = typeof given === 'function' && bindings ? bindings : given;
    const known = made.get(key);
    if (known !== undefined) return known;
    const settings = makeSettings(typeof given === 'function' ? given(bindings ?? {}) : given);
    made.set(key, settings);
    return settings;
  };
}
