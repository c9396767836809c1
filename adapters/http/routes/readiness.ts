import type { Context } from 'hono';
import { FlowKeysError, type KeyStore, withDeadline } from '../../../src/index.ts';
import { withinSignal } from '../../../src/internal.ts';
import type { AppEnv } from '../context.ts';
import { isWorker } from '../runtime.ts';

// No store has a key under it; whether a store can say so is what is asked.
const probeKeyId = 'readiness-probe';

// Anybody may ask, so the store is not asked each time.
const interval = 5_000;
const patience = 3_000;

interface Probe {
  readonly startedAt: number;
  readonly outcome: Promise<FlowKeysError | undefined>;
}

/**
 * Answers whether the key store answers: it is asked at most every five seconds, and by one request at a time. Others
 * wait for the same answer; in a Worker, which must not await what another request started, they take the last one.
 */
export function readiness() {
  let known: { readonly at: number; readonly outcome: FlowKeysError | undefined } | undefined;
  let probe: Probe | undefined;

  function isUnderWay({ startedAt }: Probe): boolean {
    // A Worker's request may be cancelled, and its probe with it.
    return Date.now() - startedAt < patience;
  }

  async function start(keyStore: KeyStore): Promise<FlowKeysError | undefined> {
    const started = { startedAt: Date.now(), outcome: ask(keyStore) };
    probe = started;
    const outcome = await started.outcome;
    known = { outcome, at: Date.now() };
    if (probe === started) probe = undefined;
    return outcome;
  }

  async function current(keyStore: KeyStore): Promise<FlowKeysError | undefined> {
    if (known !== undefined && Date.now() - known.at < interval) return known.outcome;
    if (probe === undefined || !isUnderWay(probe)) return start(keyStore);
    if (!isWorker) return probe.outcome;
    return known === undefined ? notKnownYet() : known.outcome;
  }

  return async (context: Context<AppEnv>): Promise<Response> => {
    const outcome = await current(context.var.settings.keyStore);
    if (outcome !== undefined) throw outcome;
    return context.json({ status: 'ok' });
  };
}

function notKnownYet(): FlowKeysError {
  return new FlowKeysError('key_store_unavailable', 'The key store is being asked for the first time. Ask again.');
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
