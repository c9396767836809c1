import { fstatSync, statSync, writeSync } from 'node:fs';
import { FlowKeysError } from '../../src/index.ts';
import { logLine } from '../../src/internal.ts';

// Less than the timeout of a call, so that its client gets the error.
const patienceMilliseconds = 2_000;
const maxPending = 1_000;
const standardOutput = 1;

export interface AuditWriterOptions {
  /** Default: standard output. */
  readonly stream?: NodeJS.WritableStream;
  /** How long a line may take to be written, in milliseconds. Default: 2,000. */
  readonly patience?: number;
}

/**
 * Makes a writer of audit lines that waits until each line is written, so that nothing is returned without a record. A pipe
 * may have no reader, and a disk may be full.
 *
 * @returns a function that throws FlowKeysError `audit_unavailable` if the line was not written in time; it may be written
 *   later
 */
export function auditWriter({ stream = process.stdout, patience = patienceMilliseconds }: AuditWriterOptions = {}) {
  let pending = 0;
  // The callback of each line gets its error. Without a listener, the error would end the process.
  if (!stream.listeners('error').includes(ignore)) stream.on('error', ignore);
  const write = stream === process.stdout && isFile() ? writeToFile() : stream.write.bind(stream);

  return async function writeAuditLine(line: object): Promise<void> {
    if (pending >= maxPending) throw unavailable(`${maxPending} lines are waiting to be written`);
    pending += 1;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => reject(unavailable(`a line was not written within ${patience} ms`)), patience);
    write(`${logLine(line)}\n`, (cause) => {
      pending -= 1;
      if (cause) reject(unavailable('writing failed', cause));
      else resolve();
    });
    try {
      await promise;
    } finally {
      clearTimeout(timer);
    }
  };
}

function ignore(): void {}

function isFile(): boolean {
  try {
    return fstatSync(standardOutput).isFile();
  } catch {
    return false;
  }
}

/** Writes whole lines. Node's stream takes a line as written even if a full disk took only a part of it. */
function writeToFile() {
  let isCutShort = false;
  return (line: string, done: (cause?: Error | null) => void) => {
    const bytes = Buffer.from(isCutShort ? `\n${line}` : line);
    try {
      for (let written = 0; written < bytes.length; ) written += writeSync(standardOutput, bytes, written);
      isCutShort = false;
      done();
    } catch (cause) {
      isCutShort = true;
      done(cause instanceof Error ? cause : new Error('Writing failed.', { cause }));
    }
  };
}

/**
 * Asserts that standard output is not the null device, where lines are lost without an error. Node opens it in place of a
 * closed standard output.
 *
 * @throws FlowKeysError `not_configured`
 */
export function assertAuditable(): void {
  const output = fstatSync(standardOutput);
  if (!output.isCharacterDevice() || output.rdev !== statSync('/dev/null').rdev) return;
  throw new FlowKeysError(
    'not_configured',
    'Standard output is closed or the null device, so the audit of re-encryptions would be lost. Redirect it to a file or a collector, or set AUDIT=none.',
  );
}

function unavailable(what: string, cause?: unknown): FlowKeysError {
  const message = `The audit could not be written: ${what}. Nothing is returned without a record. Check the reader of the standard output.`;
  return new FlowKeysError('audit_unavailable', message, { cause });
}
