import { FlowKeysError, type KeyStore } from '../../../src/index.ts';
import { withDeadline, withinSignal } from '../../../src/internal.ts';

// No store has a key under it; whether a store can say so is what is asked.
const probeKeyId = 'readiness-probe';

// Anybody may ask, so the store is not asked each time.
const interval = 5_000;
const patience = 3_000;

/** Asserts that the key store answers: asked at most every five seconds. */
export function readiness() {
  let known: { readonly at: number; readonly outcome: FlowKeysError | undefined } | undefined;

  /** @throws FlowKeysError `key_store_unavailable` */
  return async function assertReady(keyStore: KeyStore): Promise<void> {
    if (known === undefined || Date.now() - known.at >= interval) {
      known = { outcome: await ask(keyStore), at: Date.now() };
    }
    if (known.outcome !== undefined) throw known.outcome;
  };
}

// Not with the request's own signal: a client that goes must not make the service unready.
async function ask(keyStore: KeyStore): Promise<FlowKeysError | undefined> {
  try {
    await withDeadline(patience, undefined, (signal) =>
      withinSignal(keyStore.privateKeys(probeKeyId, { signal }), signal),
    );
    return undefined;
  } catch (cause) {
    if (cause instanceof FlowKeysError && cause.code === 'key_store_unavailable') return cause;
    const message = 'The key store failed, or did not answer in time; its own logs and metrics say why.';
    return new FlowKeysError('key_store_unavailable', message, { cause });
  }
}
