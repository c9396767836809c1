import { FlowKeysError } from './errors.ts';

/** Throws FlowKeysError `deadline_exceeded` once the signal is aborted. */
export function assertInTime(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw deadlineExceeded();
}

/** The promise's outcome, or FlowKeysError `deadline_exceeded` as soon as the signal is aborted. */
export async function withinSignal<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  // Who gave up waiting must not leave a rejection unhandled.
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

/** Runs with a signal that is aborted after so many milliseconds, or with the given one. */
export async function withDeadline<T>(
  milliseconds: number,
  outer: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  // Not AbortSignal.timeout and AbortSignal.any: what those hold is only let go when the time is over.
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
    'The time for this call ran out before the keys were there. Try again; if it stays so, look at the latency of the stores.',
  );
}
