import type { Context } from 'hono';
import { FlowKeysError, type KeyStore, withDeadline } from '../../../src/index.ts';
import { withinSignal } from '../../../src/internal.ts';
import type { AppEnv } from '../context.ts';
import { isWorker } from '../runtime.ts';

// No store has this key. The probe asks whether the store can say so.
const probeKeyId = 'readiness-probe';

// Milliseconds. The route needs no token, so the store is not asked each time.
const interval = 5_000;
const patience = 3_000;

interface Probe {
  readonly startedAt: number;
  readonly outcome: Promise<FlowKeysError | undefined>;
}

/**
 * Responds whether the key store is available. It is asked at most every five seconds, by one request at a time. Other
 * requests await the same outcome. In a Worker, which must not await what another request started, they get the last one.
 */
export function readiness() {
  let known: { readonly at: number; readonly outcome: FlowKeysError | undefined } | undefined;
  let probe: Probe | undefined;

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
    // An old probe is dead: a Worker's request may be cancelled, and its probe with it.
    if (probe === undefined || Date.now() - probe.startedAt >= patience) return start(keyStore);
    if (!isWorker) return probe.outcome;
    return known === undefined
      ? unavailable('The first check of the key store is in flight. Try again.')
      : known.outcome;
  }

  return async (context: Context<AppEnv>): Promise<Response> => {
    const outcome = await current(context.var.settings.keyStore);
    if (outcome !== undefined) throw outcome;
    return context.json({ status: 'ok' });
  };
}

function unavailable(message: string, cause?: unknown): FlowKeysError {
  return new FlowKeysError('key_store_unavailable', message, { cause });
}

// Without the request's signal: a client that disconnects must not make the service unready.
async function ask(keyStore: KeyStore): Promise<FlowKeysError | undefined> {
  try {
    await withDeadline(patience, undefined, (signal) =>
      withinSignal(keyStore.privateKeys(probeKeyId, { signal }), signal),
    );
    return undefined;
  } catch (cause) {
    if (cause instanceof FlowKeysError && cause.code === 'key_store_unavailable') return cause;
    return unavailable('The key store failed or timed out. See its logs and metrics.', cause);
  }
}
