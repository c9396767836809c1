import type { ChildProcess, ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';

/** The HTTP service in a separate process, on loopback. */
export interface LocalService {
  readonly origin: string;
  readonly processId: number;
  /** Stops the service. Returns what it wrote to standard output and error after it was ready. */
  stop(): Promise<string>;
}

/**
 * Waits until a process has started its service.
 *
 * @param announcement matches the line that says so; its first group is the origin
 */
export async function announcedService(
  child: ChildProcessByStdio<null, Readable, Readable>,
  announcement: RegExp,
): Promise<LocalService> {
  let written = '';
  let origin: string | undefined;
  const ready = new Promise<string>((resolve, reject) => {
    child.once('exit', () => reject(new Error(`The service did not start:\n${written}`)));
    const read = (chunk: Buffer) => {
      written += chunk.toString();
      if (origin !== undefined) return;
      origin = written.match(announcement)?.[1];
      if (origin === undefined) return;
      written = '';
      resolve(origin);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
  });
  return {
    origin: await ready,
    processId: child.pid ?? 0,
    async stop() {
      await stopProcess(child);
      return written;
    },
  };
}

/** Stops a process, and waits until its output is closed. */
export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  await closed;
}
