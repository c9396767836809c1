import { FlowKeysError } from './errors.ts';

/** @throws FlowKeysError `deadline_exceeded` if the signal is aborted */
export function assertInTime(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw deadlineExceeded();
}

/**
 * Waits for a promise until the signal is aborted.
 *
 * @throws FlowKeysError `deadline_exceeded` as soon as the signal is aborted
 */
export async function withinSignal<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  // A rejection after the deadline must not be an unhandled one.
  promise.catch(() => {});
  assertInTime(signal);
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(deadlineExceeded());
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Runs with a signal that is aborted after `milliseconds`, or together with the outer signal. */
export async function withDeadline<T>(
  milliseconds: number,
  outer: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  // Not AbortSignal.timeout and AbortSignal.any: they hold what they reference until the time is over.
  const deadline = new AbortController();
  const abort = () => deadline.abort();
  const timer = setTimeout(abort, milliseconds);
  outer?.addEventListener('abort', abort, { once: true });
  if (outer?.aborted) abort();
  try {
    return await run(deadline.signal);
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener('abort', abort);
  }
}

function deadlineExceeded(): FlowKeysError {
  return new FlowKeysError(
    'deadline_exceeded',
    'The call reached its deadline. Try again. If it happens often, check the latency of the key and consumer stores.',
  );
}
